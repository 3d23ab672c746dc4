import { existsSync, readdirSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { GATE } from '../helpers/gate.js'
import { alive, folder, kill, TELLS_CODES, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** A program, written into a folder of the test's own. */
function write(t, text) {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
     import { Daemon, daemonize } from "DAIMON"
     import { turns } from ${JSON.stringify(GATE)}
     const live = () => setInterval(() => {}, 1e6)
     ${text}`,
  )
  return { place, program }
}

const daemonOf = (place) => new Daemon({ pidFile: place.file('a.pid') })

test.serial(
  'the module runs from its top in both processes, and Daemon.current tells which it is',
  async (t) => {
    const { place, program } = write(
      t,
      `const who = Daemon.current?.role ?? 'launcher'
     appendFileSync('order', who + ' before\\n')
     const daemon = await daemonize({ pidFile: 'a.pid' })
     appendFileSync('order', who + ' after ' + (daemon === Daemon.current) + '\\n')
     live()`,
    )
    t.like(await place.node([program]), { code: 0, stdout: '', stderr: '' })
    t.is(place.read('order'), 'launcher before\ndaemon before\ndaemon after true\n')
  },
)

test.serial('the launcher waits until every top-level await after daemonize() has settled', async (t) => {
  const { place, program } = write(
    t,
    `await daemonize({ pidFile: 'a.pid' })
     writeFileSync('waits', '')
     await new Promise((resolve) => {
       const timer = setInterval(() => existsSync('go') && (clearInterval(timer), resolve()), 5)
     })
     writeFileSync('served', '')
     live()`,
  )
  const launcher = place.spawn([program])
  await until(() => existsSync(place.file('waits')), 'the body')
  t.true(alive(launcher.pid))
  t.false(existsSync(place.file('served')))
  place.write('go', '')
  t.is((await launcher.done).code, 0)
  t.true(existsSync(place.file('served')))
})

test.serial('a top-level await that fails after daemonize() fails the start', async (t) => {
  const { place, program } = write(
    t,
    `await daemonize({ pidFile: 'a.pid', exit: false }).then(
       (result) => { if (result.role === 'launcher') console.log('started') },
       (error) => {
         console.log(error.code, error.exitCode, error.cause.message)
         process.exit(5)
       },
     )
     await turns()
     throw new Error('no database')`,
  )
  const { code, stdout } = await place.node([program])
  t.deepEqual([code, stdout], [5, 'ERR_DAEMON_START_FAILED 1 no database\n'])
  t.deepEqual(place.processes(), [])
  t.false(existsSync(place.file('a.pid')))
})

test.serial('a top-level await that never settles is a failed start, not a ready daemon', async (t) => {
  const { place, program } = write(
    t,
    `await daemonize({ pidFile: 'a.pid', exit: false }).catch((error) => {
       console.log(error.code, error.exitCode)
       process.exit(5)
     })
     await new Promise(() => {})`,
  )
  const { code, stdout } = await place.node([program])
  t.is(code, 5)
  // Node's own code for it.
  t.is(stdout, 'ERR_DAEMON_START_FAILED 13\n')
  t.deepEqual(place.processes(), [])
  t.false(existsSync(place.file('a.pid')))
})

test.serial('with exit: false the launcher goes on, and ends with its own exit code', async (t) => {
  const { place, program } = write(
    t,
    `const result = await daemonize({ pidFile: 'a.pid', exit: false })
     if (result.role === 'daemon') live()
     else {
       await new Promise((resolve) => process.stdin.once('data', resolve))
       process.stdin.destroy()
       process.exitCode = 9
     }`,
  )
  const launcher = place.spawn([program])
  const { pid } = await until(async () => {
    const status = await daemonOf(place).status()
    return status.state === 'running' && status
  }, 'the daemon')
  t.true(alive(launcher.pid))
  launcher.child.stdin.end('go')
  t.is((await launcher.done).code, 9)
  t.true(alive(pid))
})

test.serial(
  "ending the launcher runs its 'exit' handlers once, with code 0, and not the daemon's",
  async (t) => {
    const { place, program } = write(
      t,
      `process.on('exit', (code) => appendFileSync('exits', (Daemon.current ? 'daemon ' : 'launcher ') + code + '\\n'))
     await daemonize({ pidFile: 'a.pid' })
     live()`,
    )
    t.is((await place.node([program])).code, 0)
    t.is(place.read('exits'), 'launcher 0\n')
    await daemonOf(place).stop()
    t.is(place.read('exits'), 'launcher 0\ndaemon 0\n')
  },
)

test.serial("a failed start runs the launcher's 'exit' handlers with code 1", async (t) => {
  const { place, program } = write(
    t,
    `process.on('exit', (code) => Daemon.current ?? writeFileSync('exits', String(code)))
     await daemonize({ pidFile: 'a.pid' })
     throw new Error('boom')`,
  )
  t.is((await place.node([program])).code, 1)
  t.is(place.read('exits'), '1')
})

const REJECTED = {
  'an unknown option': ["{ pidFile: 'a.pid', nope: 1 }", /InvalidOptionError: .*nope/],
  'a missing folder': ["{ pidFile: 'no/a.pid' }", /PidFileError: .*no[\\/]a\.pid/],
  'a missing cwd': ["{ pidFile: 'a.pid', cwd: 'no' }", /InvalidOptionError: .*cwd/],
  'args that throw': [
    "{ pidFile: 'a.pid', args: () => { throw new Error('no password') } }",
    /Error: no password/,
  ],
  'args that cannot be cloned': ["{ pidFile: 'a.pid', args: [() => {}] }", /InvalidOptionError: Argument 0/],
}

for (const [name, [options, message]] of Object.entries(REJECTED)) {
  test.serial(`daemonize() with ${name}: a message on stderr, exit code 1, nothing started`, async (t) => {
    const { place, program } = write(t, `await daemonize(${options})\nwriteFileSync('body', '')\nlive()`)
    const { code, stdout, stderr } = await place.node([program])
    t.deepEqual([code, stdout], [1, ''])
    t.regex(stderr, message)
    t.deepEqual(readdirSync(place.path), ['a.mjs'])
    t.deepEqual(place.processes(), [])
  })
}

test.serial('args are a list, or what an async function yields, with their types', async (t) => {
  for (const args of ["['x', new Map([[1, 2n]])]", "async () => ['x', new Map([[1, 2n]])]"]) {
    const { place, program } = write(
      t,
      `const { args } = await daemonize({ pidFile: 'a.pid', args: ${args} })
       writeFileSync('seen', args[0] + args[1].get(1) + args.length)
       live()`,
    )
    t.like(await place.node([program]), { code: 0, stderr: '' })
    t.is(place.read('seen'), 'x22')
  }
})

test.serial('calls of daemonize() at once for one pidfile are one daemon with one context', async (t) => {
  const { place, program } = write(
    t,
    `const options = { pidFile: 'a.pid', exit: false }
     const results = await Promise.allSettled([daemonize(options), daemonize({ ...options, pidFile: './a.pid' })])
     if (Daemon.current) {
       writeFileSync('seen', JSON.stringify(results.map(({ value }) => value === Daemon.current)))
       live()
     } else console.log(JSON.stringify(results.map(({ status, reason }) => reason?.code ?? status).sort()))`,
  )
  const { code, stdout } = await place.node([program])
  t.is(code, 0)
  t.deepEqual(JSON.parse(stdout), ['ERR_DAEMON_ALREADY_RUNNING', 'fulfilled'])
  await until(() => existsSync(place.file('seen')), 'the body')
  t.deepEqual(JSON.parse(place.read('seen')), [true, true])
  t.is(place.processes().length, 1)
})

test.serial('in CommonJS by require(), ready right after the call, or when it says so', async (t) => {
  for (const ready of ['auto', 'manual']) {
    const place = folder(t)
    const program = place.write(
      'a.cjs',
      `const { existsSync, writeFileSync } = require('node:fs')
       const { daemonize } = require(require('node:url').fileURLToPath("DAIMON"))
       daemonize({ pidFile: 'a.pid', ready: '${ready}' }).then((daemon) => {
         writeFileSync('body', '')
         setInterval(() => existsSync('go') && daemon.ready(), 5)
       })`,
    )
    const launcher = place.spawn([program])
    await until(() => existsSync(place.file('body')), 'the body')
    if (ready === 'manual') {
      t.true(alive(launcher.pid))
      place.write('go', '')
    }
    t.is((await launcher.done).code, 0, ready)
    t.like(await daemonOf(place).stop(), { wasRunning: true })
  }
})

test.serial('an error in CommonJS right after the await fails the start', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.cjs',
    `import("DAIMON").then(async ({ daemonize }) => {
       await daemonize({ pidFile: 'a.pid' })
       require('node:net').createServer().listen('no/such/socket')
     })`,
  )
  const { code, stderr } = await place.node([program])
  t.is(code, 1)
  t.regex(stderr, /StartFailedError: .*listen .*no\/such\/socket/)
  t.deepEqual(place.processes(), [])
})

test.serial("a body that ends is a normal end of the daemon, with the program's exit code", async (t) => {
  const { place, program } = write(
    t,
    `const daemon = await daemonize({ pidFile: 'a.pid' })
     const timer = live()
     process.exitCode = 4
     daemon.onStop((reason) => writeFileSync('reason', JSON.stringify(reason)))
     process.once('SIGUSR2', () => clearInterval(timer))`,
  )
  t.is((await place.node([program])).code, 0)
  const exited = daemonOf(place).exited()
  await daemonOf(place).signal('SIGUSR2')
  const { code } = await exited
  t.is(code, TELLS_CODES ? 4 : undefined)
  t.deepEqual(JSON.parse(place.read('reason')), { by: 'end' })
  t.false(existsSync(place.file('a.pid')))
})

needs('signals of Unix')(
  'a launcher that Ctrl-C ends while args are asked for has started nothing',
  async (t) => {
    const { place, program } = write(
      t,
      `const args = () => new Promise(() => { live(); process.stdout.write('asking') })
       await daemonize({ pidFile: 'a.pid', args })`,
    )
    const launcher = place.spawn([program])
    await until(() => launcher.output().stdout === 'asking', 'the question')
    kill(launcher.pid, 'SIGINT')
    t.is((await launcher.done).signal, 'SIGINT')
    t.deepEqual(readdirSync(place.path), ['a.mjs'])
    t.deepEqual(place.processes(), [])
  },
)
