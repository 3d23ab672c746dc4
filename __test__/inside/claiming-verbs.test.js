import { existsSync, mkdirSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** A program with daemons `a` and `b`, whose bodies count how often they begin, and what comes after the verbs. */
function write(place, text) {
  return place.write(
    'a.mjs',
    `import { appendFileSync } from 'node:fs'
     import { Daemon, daemonize, send } from "DAIMON"
     const role = Daemon.current === undefined ? 'launcher' : 'daemon'
     const run = (name) => () => { appendFileSync('bodies', name + '\\n'); setInterval(() => {}, 1e6) }
     const [a, b] = ['a', 'b'].map((name) => new Daemon({ pidFile: name + '.pid', run: run(name) }))
     const after = (text) => appendFileSync('after', role + ' ' + text + '\\n')
     ${text}`,
  )
}

/** What runs: these pidfiles, each with one process whose body began once, and nothing else. */
async function running(t, place, ...names) {
  const pids = []
  for (const name of names) {
    const status = await new Daemon({ pidFile: place.file(`${name}.pid`) }).status()
    t.is(status.state, 'running', name)
    pids.push(status.pid)
  }
  t.deepEqual(place.processes().sort(), pids.sort())
}

/** Programs whose first verb is this one, and which then start. */
const FIRST = {
  'start()': 'await a.start()',
  'stop()': 'await a.stop(); await a.start()',
  'restart()': 'await a.restart()',
  'status()': "if ((await a.status()).state === 'stopped') await a.start()",
  'signal()': "await a.signal('SIGUSR2').catch(() => {}); await a.start()",
  'reload()': 'await a.reload().catch(() => {}); await a.start()',
  'exited()': 'await a.exited(); await a.start()',
  'a verb of with()': 'await a.with({ readyTimeout: 20_000 }).status(); await a.start()',
  'stop() that nobody awaits': 'a.stop().then(() => a.start()).then(() => after("started"))',
  'two verbs at once': 'await Promise.all([a.status(), a.exited()]); await a.start()',
}

for (const [name, text] of Object.entries(FIRST)) {
  test.serial(`the first verb claims, and what follows it is the launcher's alone: ${name}`, async (t) => {
    const place = folder(t)
    const program = write(place, `${text}; after('end')`)
    t.like(await place.node([program]), { code: 0, stdout: '', stderr: '' })
    t.is(place.read('bodies'), 'a\n')
    t.deepEqual(
      place
        .read('after')
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('launcher')),
      // Where nobody awaits, the synchronous rest of the program runs in the daemon, too.
      name.endsWith('nobody awaits') ? ['daemon end'] : [],
    )
    await running(t, place, 'a')
  })
}

needs('signals of Unix')(
  'in the daemon verbs on others, and send(), do nothing and give the present state',
  async (t) => {
    const place = folder(t)
    const counts = `import { appendFileSync } from 'node:fs'
    for (const signal of ['SIGUSR2', 'SIGWINCH', 'SIGCONT']) {
      process.on(signal, () => appendFileSync('signals', signal + '\\n'))
    }
    setInterval(() => {}, 1e6)`
    const script = place.write('b.mjs', counts)
    const b = new Daemon({ pidFile: place.file('b.pid'), script, cwd: place.path })
    const { pid } = await b.start()
    const program = write(
      place,
      `const seen = []
     await send('b.pid', 'SIGUSR2')
     await b.signal('SIGWINCH')
     seen.push((await b.status()).pid)
     if (role === 'daemon') {
       seen.push((await b.stop()).state, (await b.restart()).pid, (await b.start()).pid)
       appendFileSync('seen', JSON.stringify(seen))
     }
     await a.start()`,
    )
    t.like(await place.node([program]), { code: 0, stdout: '', stderr: '' })
    t.deepEqual(JSON.parse(place.read('seen')), [pid, 'running', pid, pid])
    await b.signal('SIGCONT')
    await until(() => place.read('signals').includes('SIGCONT'), 'the last signal')
    t.deepEqual(place.read('signals').trim().split('\n').sort(), ['SIGCONT', 'SIGUSR2', 'SIGWINCH'])
    await running(t, place, 'a', 'b')
  },
)

test.serial('between claim and body no verb and no send() settles', async (t) => {
  const place = folder(t)
  const program = write(
    place,
    `const me = Daemon.current?.pidFile.slice(-5, -4) ?? 'launcher'
     const told = (index) => () => appendFileSync('after', me + index + '\\n')
     const calls = [a.status(), b.status(), b.stop(), send('b.pid', 'SIGTERM'), a.stop(), b.start()]
     for (const [index, call] of calls.entries()) call.then(told(index), told(index))
     await Promise.allSettled(calls)
     await a.start()`,
  )
  t.like(await place.node([program]), { code: 0, stderr: '' })
  t.deepEqual(place.read('bodies').trim().split('\n').sort(), ['a', 'b'])
  const settled = (who) =>
    place
      .read('after')
      .trim()
      .split('\n')
      .filter((line) => line.startsWith(who))
      .sort()
  t.is(settled('launcher').length, 6)
  t.deepEqual(settled('a'), [])
  // Only what came before the claim, which b.status() was, may settle in the daemon of b.
  t.true(settled('b').every((line) => line === 'b0'))
  await running(t, place, 'a', 'b')
})

test.serial('daemonize() while another body begins resolves when that is where it shall be', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('inside'))
  const program = write(
    place,
    `const other = a.with({ cwd: 'inside' })
     const begun = other.start()
     if (role === 'daemon') {
       const daemon = await daemonize({ pidFile: 'a.pid' })
       appendFileSync(process.argv[2], process.cwd() + ' ' + (daemon === Daemon.current))
     }
     await begun`,
  )
  t.like(await place.node([program, place.file('seen')]), { code: 0, stderr: '' })
  t.is(place.read('seen'), `${place.file('inside')} true`)
})

test.serial('three starts in any order find each its own daemon', async (t) => {
  const place = folder(t)
  const program = write(
    place,
    `const c = new Daemon({ pidFile: 'c.pid', run: run('c') })
     await Promise.all([c.start(), a.start()])
     await b.start()
     await c.restart()
     after('end')`,
  )
  t.like(await place.node([program]), { code: 0, stderr: '' })
  t.is(place.read('after'), 'launcher end\n')
  t.deepEqual(place.read('bodies').trim().split('\n').sort(), ['a', 'b', 'c', 'c'])
  await running(t, place, 'a', 'b', 'c')
})

test.serial('the second of two starts fails alone', async (t) => {
  const place = folder(t)
  const program = write(
    place,
    `const bad = new Daemon({ pidFile: 'bad.pid', run: () => { throw new Error('boom') } })
     await a.start()
     await bad.start().catch(({ code, cause }) => after(code + ' ' + cause.message))`,
  )
  t.like(await place.node([program]), { code: 0, stderr: '' })
  t.is(place.read('after'), 'launcher ERR_DAEMON_START_FAILED boom\n')
  t.false(existsSync(place.file('bad.pid')))
  await running(t, place, 'a')
})

test.serial(
  'a program that ends unclaimed is told by the adopted path and the constructed ones',
  async (t) => {
    const place = folder(t)
    const program = write(
      place,
      `if (role === 'launcher') await new Daemon({ pidFile: 'c.pid', run() {} }).start().catch((error) => {
       console.log(JSON.stringify({ name: error.name, exitCode: error.exitCode, message: error.message }))
     })`,
    )
    const { stdout } = await place.node([program])
    const { name, exitCode, message } = JSON.parse(stdout)
    t.deepEqual([name, exitCode], ['StartFailedError', 1])
    for (const path of ['c.pid', 'a.pid', 'b.pid']) t.true(message.includes(place.file(path)), message)
    t.deepEqual(place.processes(), [])
    t.false(existsSync(place.file('c.pid')))
  },
)

needs('links')(
  'a program that picks its daemon by a relative path and a folder link claims all the same',
  async (t) => {
    const place = folder(t)
    const program = write(
      place,
      `import { mkdirSync, symlinkSync } from 'node:fs'
     if (role === 'launcher') { mkdirSync('real'); symlinkSync('real', 'linked') }
     const path = role === 'launcher' ? 'linked/c.pid' : './linked/../real/c.pid'
     await new Daemon({ pidFile: path, run: run('c') }).start()`,
    )
    t.like(await place.node([program]), { code: 0, stderr: '' })
    t.is(place.read('bodies'), 'c\n')
    await running(t, place, 'real/c')
  },
)

test.serial('script with run executes only that module, which need not call a verb', async (t) => {
  const place = folder(t)
  place.write(
    'daemon.mjs',
    `import { appendFileSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     export const daemon = new Daemon({
       pidFile: 'a.pid', script: import.meta.url,
       run: (_, name) => { appendFileSync('bodies', name + '\\n'); setInterval(() => {}, 1e6) },
     })`,
  )
  const program = place.write(
    'main.mjs',
    `import { appendFileSync } from 'node:fs'
     import { daemon } from './daemon.mjs'
     appendFileSync('main', 'x')
     await daemon.start('one')
     await daemon.restart('two')`,
  )
  t.like(await place.node([program]), { code: 0, stderr: '' })
  t.is(place.read('main'), 'x')
  t.is(place.read('bodies'), 'one\ntwo\n')
  await running(t, place, 'a')
})
