import { cpSync, existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { DAIMON, fixture, folder, ROOT, until } from '../helpers/index.js'

/** Runs a program to its end and gives the PIDs in its pidfiles. */
async function run(t, place, text, args = []) {
  const program = place.write('a.mjs', `import { Daemon, daemonize, send } from "DAIMON"\n${text}`)
  const result = await place.node([program, ...args])
  t.like(result, { code: 0, stderr: '' })
  return result.stdout
}

const RUN = 'run: () => void setInterval(() => {}, 1e6)'

async function running(t, place, ...names) {
  const pids = []
  for (const name of names) {
    const status = await new Daemon({ pidFile: place.file(name) }).status()
    t.is(status.state, 'running', name)
    pids.push(status.pid)
  }
  t.deepEqual(place.processes().sort(), pids.sort())
}

test.serial('stop, then start: the daemon is claimed by the first verb', async (t) => {
  const place = folder(t)
  const program = `const d = new Daemon({ pidFile: 'a.pid', ${RUN} })
    await d.stop()
    await d.start()
    console.log('done')`
  t.is(await run(t, place, program), 'done\n')
  t.is(await run(t, place, program), 'done\n')
  await running(t, place, 'a.pid')
})

test.serial('one start after the other: each daemon finds its own', async (t) => {
  const place = folder(t)
  const two = `const [a, b] = ['a.pid', 'b.pid'].map((pidFile) => new Daemon({ pidFile, ${RUN} }))\n`
  t.is(await run(t, place, `${two} await a.start(); await b.start(); console.log('done')`), 'done\n')
  await running(t, place, 'a.pid', 'b.pid')
})

test.serial('both starts at once', async (t) => {
  const place = folder(t)
  const two = `const [a, b] = ['a.pid', 'b.pid'].map((pidFile) => new Daemon({ pidFile, ${RUN} }))\n`
  t.is(await run(t, place, `${two} await Promise.all([a.start(), b.start()]); console.log('done')`), 'done\n')
  await running(t, place, 'a.pid', 'b.pid')
})

test.serial('a daemonize() for another pidfile never goes on in a daemon', async (t) => {
  const place = folder(t)
  const program = `
    const which = process.argv[2]
    if (which === 'b') await daemonize({ pidFile: 'b.pid', exit: false })
    else await new Daemon({ pidFile: 'a.pid', ${RUN} }).start()
    setInterval(() => {}, Daemon.current ? 1e6 : 1).unref()
    if (Daemon.current) setInterval(() => {}, 1e6)`
  await run(t, place, program, ['a'])
  await run(t, place, program, ['b'])
  await running(t, place, 'a.pid', 'b.pid')
})

test.serial('a commander program', async (t) => {
  const place = folder(t)
  const command = async (...args) => {
    const { code, stdout, stderr } = await place.node([fixture('inside/commander.mjs'), ...args])
    t.deepEqual([code, stderr], [0, ''])
    return stdout
  }
  t.is(await command('start', '-p', '80'), 'running\n')
  await running(t, place, 'a.pid')
  t.is(await command('stop'), 'true\n')
  t.deepEqual(place.processes(), [])
})

test.serial('a class with run(), whose arguments arrive and whose this is the Daemon', async (t) => {
  const place = folder(t)
  const result = await place.node([fixture('inside/class-with-run.mjs'), 'Public', 'world'])
  t.like(result, { code: 0, stderr: '' })
  t.is(place.read('out'), `hello world ${place.read('a.pid').trim()}`)
})

test.serial('the body of a copy with other options has the private fields of its class', async (t) => {
  const place = folder(t)
  const result = await place.node([fixture('inside/class-with-run.mjs'), 'Private'])
  t.like(result, { code: 0, stdout: 'done\n', stderr: '' })
  t.is(place.read('said'), 'private')
})

test.serial('a program that ends unclaimed is told with the paths that it constructed', async (t) => {
  const place = folder(t)
  const script = place.write(
    'module.mjs',
    `import { Daemon } from "DAIMON"
     if (Daemon.current) new Daemon({ pidFile: 'other.pid', run() {} })
     export const run = () => {}`,
  )
  const error = await t.throwsAsync(
    new Daemon({ pidFile: place.file('a.pid'), script, run() {}, cwd: place.path }).start(),
  )
  t.is(error.code, 'ERR_DAEMON_START_FAILED')
  t.true(error.message.includes(place.file('a.pid')))
  t.regex(error.message, /other\.pid/)
})

test.serial('script with run, from a server that goes on serving', async (t) => {
  const place = folder(t)
  const server = createServer((_request, response) => response.end('still here'))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { body } = await import('../fixtures/body.js')
  const { pid } = await body({ pidFile: place.file('a.pid') }).start('serve')
  t.is(await (await fetch(`http://127.0.0.1:${server.address().port}`)).text(), 'still here')
  t.deepEqual(place.processes(), [pid])
})

test.serial('in a worker script is required, and works', async (t) => {
  const place = folder(t)
  // The worker's text is a string in a string: no backslashes.
  const script = place.write('plain.mjs', 'setInterval(() => {}, 1e6)').replaceAll('\\', '/')
  const program = `
    import { Worker } from 'node:worker_threads'
    const source = \`import('${DAIMON}').then(async ({ Daemon }) => {
      const error = await new Daemon({ pidFile: 'a.pid', run() {} }).start().catch((e) => e)
      console.log(error.code, error.option)
      console.log((await new Daemon({ pidFile: 'a.pid', script: ${JSON.stringify(script)} }).start()).state)
    })\`
    new Worker(source, { eval: true })`
  t.is(await run(t, place, program), 'ERR_DAEMON_INVALID_OPTION script\nrunning\n')
})

test.serial('from node --test', async (t) => {
  const place = folder(t)
  const script = place.write(
    'plain.mjs',
    "if (process.env.NODE_TEST_CONTEXT) throw new Error('inherited'); setInterval(() => {}, 1e6)",
  )
  const program = place.write(
    'a.test.mjs',
    `import { test } from 'node:test'
     import { Daemon } from "DAIMON"
     test('starts', async () => {
       const daemon = new Daemon({ pidFile: 'a.pid', script: ${JSON.stringify(script)} })
       await daemon.start()
       await daemon.stop()
     })`,
  )
  t.like(await place.node(['--test', program], { env: { NODE_TEST_CONTEXT: undefined } }), { code: 0 })
  t.deepEqual(place.processes(), [])
})

test.serial('node -e starts daemons, a program from standard input is refused', async (t) => {
  const place = folder(t)
  const start = `({ Daemon }) => new Daemon({ pidFile: 'a.pid', ${RUN} }).start()`
  const code = `import(${JSON.stringify(DAIMON)}).then(${start})`
  t.like(await place.node(['-e', code]), { code: 0, stderr: '' })
  await running(t, place, 'a.pid')
  const reader = place.spawn(['-'])
  reader.child.stdin.end(
    code.replace('a.pid', 'b.pid').replace('.start()', '.start().catch((e) => console.log(e.option))'),
  )
  t.is((await reader.done).stdout, 'script\n')
})

test.serial('a Daemon without a body only controls', async (t) => {
  const place = folder(t)
  const error = await t.throwsAsync(new Daemon({ pidFile: place.file('a.pid') }).start())
  t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'run' })
})

test.serial(
  'whichever copy of the package has made the context, the one that claims brings its signals',
  async (t) => {
    const place = folder(t)
    for (const part of ['dist', 'native'])
      cpSync(join(ROOT, part), place.file(`copy/${part}`), { recursive: true })
    const program = place.write(
      'two.mjs',
      `import { writeFileSync } from 'node:fs'
     import { Daemon } from './copy/dist/index.js'
     import { daemonize } from "DAIMON"
     void Daemon.current
     const daemon = await daemonize({ pidFile: 'a.pid', signals: { SIGUSR2: () => writeFileSync('heard', '') } })
     setInterval(() => {}, 1e6)`,
    )
    t.like(await place.node([program]), { code: 0, stderr: '' })
    const daemon = new Daemon({ pidFile: place.file('a.pid') })
    await daemon.signal('SIGUSR2')
    await until(() => existsSync(place.file('heard')), 'the handler')
    t.like(await daemon.stop(), { forced: false })
  },
)
