import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { Daemon, daemonize } from '../../dist/index.js'
import { alive, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { canary, idle } from '../helpers/pidfile.js'

/** What the value alone shows: the constructor throws. */
const BY_VALUE = {
  'an unknown option': [{ pidfile: 'a.pid' }, 'pidfile'],
  'a name with a slash': [{ name: '../x' }, 'name'],
  'a pidfile that is a number': [{ pidFile: 5 }, 'pidFile'],
  'a pidfile with a NUL': [{ pidFile: 'a\0.pid' }, 'pidFile'],
  'a mode that everybody can write with': [{ pidFileMode: 0o666 }, 'pidFileMode'],
  'a body that is no function': [{ run: 'server.js' }, 'run'],
  'a script that is no path': [{ script: {} }, 'script'],
  'scriptArgs that are no strings': [{ script: 'x.js', scriptArgs: [80] }, 'scriptArgs'],
  'a umask above 0777': [{ umask: 0o1000 }, 'umask'],
  'an env that is no object': [{ env: 'A=1' }, 'env'],
  'a negative readyTimeout': [{ readyTimeout: -1 }, 'readyTimeout'],
  'an unknown way to be ready': [{ ready: 'soon' }, 'ready'],
  'an unknown stop signal': [{ stopSignal: 'SIGNOPE' }, 'stopSignal'],
  'a log beside a stdout': [{ log: '/x.log', stdout: '/y.log' }, 'stdout'],
  'a logger without methods': [{ logger: {} }, 'logger'],
}

for (const [name, [options, option]] of Object.entries(BY_VALUE)) {
  test.serial(`${name} is refused by the constructor, which names the option`, (t) => {
    const place = folder(t)
    const error = t.throws(() => new Daemon({ pidFile: place.file('a.pid'), ...options }))
    t.like(error, { name: 'InvalidOptionError', code: 'ERR_DAEMON_INVALID_OPTION' })
    t.true(error.option === option || error.option.startsWith(`${option}[`), error.option)
    t.true(error.message.includes(option), error.message)
    t.deepEqual(readdirSync(place.path), [])
  })
}

test.serial('daemonize() rejects what it does not take, and starts nothing', async (t) => {
  const place = folder(t)
  const pidFile = place.file('a.pid')
  for (const [option, value] of [
    ['run', () => {}],
    ['script', 'x.js'],
    ['args', 'x'],
    ['exit', 1],
  ]) {
    const error = await t.throwsAsync(daemonize({ pidFile, [option]: value }), undefined, option)
    t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option })
  }
  const error = await t.throwsAsync(daemonize({ pidFile, args: () => 'x' }))
  t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'args', value: 'x' })
  t.deepEqual(place.processes(), [])
  t.deepEqual(readdirSync(place.path), [])
})

const make = {
  file: (path) => writeFileSync(path, 'mine\n'),
  folder: (path) => mkdirSync(path),
  fifo: (path) => execFileSync('mkfifo', [path]),
  link: (path) => symlinkSync('target', path),
}

/** What only the system shows: the verb rejects. `thing` stands at the path first, when there is one. */
const BY_VERB = {
  'a missing script': ['script', 'missing.mjs'],
  'a script that is a folder': ['script', 'thing', make.folder],
  'a script that is a FIFO': ['script', 'thing', make.fifo],
  'a missing execPath': ['execPath', 'missing'],
  'an execPath that cannot be executed': ['execPath', 'thing', make.file],
  'a missing cwd': ['cwd', 'missing'],
  'a cwd that is a file': ['cwd', 'thing', make.file],
  'a log in a missing folder': ['log', 'missing/a.log'],
  'a log that is a link': ['log', 'thing', make.link],
  'a log that is a FIFO': ['log', 'thing', make.fifo],
  'a log that is a folder': ['log', 'thing', make.folder],
  'a stdout in a missing folder': ['stdout', 'missing/a.log'],
  'a stderr that is a FIFO': ['stderr', 'thing', make.fifo],
  'a stdin that is missing': ['stdin', 'missing'],
  'a stdin that is a folder': ['stdin', 'thing', make.folder],
}

/** The start is refused, nothing is made, changed or signalled: not the stranger that a stale pidfile names either. */
async function refused(t, place, options, expected, path) {
  const stranger = await canary(place)
  const before = readdirSync(place.path).sort()
  const daemon = idle(place, options)
  for (const verb of ['start', 'restart']) {
    const error = await t.throwsAsync(daemon[verb](), undefined, verb)
    t.like(error, expected, verb)
    t.true(error.message.includes(path), error.message)
    t.deepEqual(readdirSync(place.path).sort(), before.concat('idle.mjs').sort(), verb)
  }
  t.deepEqual(place.processes(), [stranger])
}

for (const [name, [option, at, prepare]] of Object.entries(BY_VERB)) {
  test.serial(`${name} is refused before anything exists, by option and path`, async (t) => {
    const place = folder(t)
    prepare?.(place.file(at))
    const path = place.file(at)
    await refused(t, place, { [option]: path }, { code: 'ERR_DAEMON_INVALID_OPTION', option }, path)
    t.false(existsSync(place.file('target')))
  })
}

for (const option of ['script', 'execPath', 'cwd', 'log', 'stdin', 'stdout', 'stderr']) {
  test.serial(`the error about a bad ${option} carries its value`, async (t) => {
    const place = folder(t)
    const value = place.file('missing/file')
    const error = await t.throwsAsync(idle(place, { [option]: value }).start())
    t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option, value })
    t.is(error.cause.code, 'ENOENT')
  })
}

test.serial('a start that is refused leaves a stale pidfile as it is', async (t) => {
  const place = folder(t)
  const stranger = await canary(place)
  place.write('a.pid', `${stranger}\n`)
  const error = await t.throwsAsync(idle(place, { cwd: place.file('missing') }).start())
  t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'cwd' })
  t.is(place.read('a.pid'), `${stranger}\n`)
  t.true(alive(stranger))
})

for (const option of ['script', 'execPath', 'cwd', 'log', 'stdin', 'stderr']) {
  test.serial(`a start or restart with a bad ${option} leaves the running daemon alone`, async (t) => {
    const place = folder(t)
    const { pid } = await idle(place).start()
    const bad = idle(place, { [option]: place.file('missing/file') })
    for (const verb of ['start', 'restart'])
      t.like(await t.throwsAsync(bad[verb]()), { code: 'ERR_DAEMON_INVALID_OPTION', option }, verb)
    t.like(await idle(place).status(), { state: 'running', pid })
    t.is(place.read('a.pid'), `${pid}\n`)
  })
}

/** Restarts what runs, by a Node.js that is elsewhere by then, and writes the error. */
const RESTART = `
  import { Daemon } from "DAIMON"
  const [path, body, node] = process.argv.slice(2)
  process.execPath = node
  const daemon = new Daemon({ pidFile: path, ...(body === 'run' ? { run() {} } : { script: body }) })
  await daemon.restart().catch(({ code, step, message, cause }) => {
    console.log(JSON.stringify({ code, step, message, cause: cause?.code }))
  })`

for (const body of ['run', 'script']) {
  test.serial(`a restart by a Node.js that has been removed (${body}) leaves the daemon alone`, async (t) => {
    const place = folder(t)
    const daemon = idle(place)
    const { pid } = await daemon.start()
    const program = place.write('restart.mjs', RESTART)
    const what = body === 'run' ? body : place.file('idle.mjs')
    const restart = async (node) =>
      JSON.parse((await place.node([program, place.file('a.pid'), what, node])).stdout)
    const failed = { code: 'ERR_DAEMON_START_FAILED', step: 'exec' }
    const removed = await restart(place.file('node'))
    t.like(removed, { ...failed, cause: 'ENOENT' })
    t.regex(
      removed.message,
      /^The Node.js that runs this program, '[^']+\/node', cannot be executed any more: /,
    )
    // What Node.js has where /proc is missing.
    const unknown = await restart('node')
    t.like(unknown, failed)
    t.regex(unknown.message, /'node', does not know where it is: \/proc is missing\. Mount it/)
    t.like(await daemon.status(), { state: 'running', pid })
  })
}

const NOT_STRINGS = {
  args: [(daemon) => daemon.start('a', Symbol('x')), 'args[1]'],
  signal: [(daemon) => daemon.signal('KILL'), 'signal'],
  stopTimeout: [(daemon) => daemon.stop({ stopTimeout: 'x' }), 'stopTimeout'],
  stopSignal: [(daemon) => daemon.stop({ stopSignal: 0 }), 'stopSignal'],
  stop: [(daemon) => daemon.stop({ timeout: 5 }), 'timeout'],
  exited: [(daemon) => daemon.exited({ signal: 'x' }), 'signal'],
}

for (const [name, [call, option]] of Object.entries(NOT_STRINGS)) {
  test.serial(
    `a wrong argument of a verb (${name}) is refused by name, and the daemon lives on`,
    async (t) => {
      const place = folder(t)
      const daemon = idle(place)
      const { pid } = await daemon.start()
      t.like(await t.throwsAsync(call(daemon)), { code: 'ERR_DAEMON_INVALID_OPTION', option })
      t.true(alive(pid))
    },
  )
}

/** Any user that owns nothing. */
const UID = 54_321
const AS_USER = [`--reuid=${UID}`, `--regid=${UID}`, '--clear-groups']

/** Runs a start, or another verb, as that user and gives its error. */
async function asUser(t, place, verb, options) {
  chmodSync(place.path, 0o755)
  const program = place.write(
    'user.mjs',
    `import { Daemon } from "DAIMON"
     const [verb, options] = process.argv.slice(2)
     const args = verb === 'signal' ? ['SIGKILL'] : []
     const error = await new Daemon(JSON.parse(options))[verb](...args).catch((error) => error)
     const { name, code, option, pid, syscall, reason, pidFile, message, cause } = error
     console.log(JSON.stringify({ name, code, option, pid, syscall, reason, pidFile, message, cause: cause?.code }))`,
  )
  const args = [...AS_USER, process.execPath, program, verb, JSON.stringify(options)]
  const { stdout, stderr } = await place.command('setpriv', args)
  t.is(stderr, '')
  return JSON.parse(stdout)
}

needs('root', 'setpriv')('a script that may not be read is refused by name', async (t) => {
  const place = folder(t)
  const script = place.write('secret.mjs', '')
  chmodSync(script, 0o600)
  const error = await asUser(t, place, 'start', { pidFile: place.file('a.pid'), script })
  t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'script', cause: 'EACCES' })
  t.true(error.message.includes(script))
})

needs('root', 'setpriv')('a log that may not be written is refused by name', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('box'))
  chownSync(place.file('box'), UID, UID)
  const log = place.write('a.log', 'mine\n')
  const script = place.write('idle.mjs', '')
  const error = await asUser(t, place, 'start', { pidFile: place.file('box/a.pid'), script, log })
  t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'log', cause: 'EACCES' })
  t.true(error.message.includes(log), error.message)
  t.is(place.read('a.log'), 'mine\n')
  t.deepEqual(readdirSync(place.file('box')), [])
})

needs('root', 'setpriv')('a pidfile in a folder that may not be written is refused by path', async (t) => {
  const place = folder(t)
  const script = place.write('idle.mjs', '')
  const pidFile = place.file('a.pid')
  const error = await asUser(t, place, 'start', { pidFile, script })
  t.like(error, { code: 'ERR_DAEMON_PERMISSION_DENIED', pidFile, cause: 'EACCES' })
  t.true(error.message.includes(pidFile), error.message)
  t.false(existsSync(pidFile))
})

needs('root', 'setpriv')("a user can neither start over, signal nor stop root's daemon", async (t) => {
  const place = folder(t)
  const { pid } = await idle(place, { pidFileMode: 0o644 }).start()
  const options = { pidFile: place.file('a.pid'), script: place.file('idle.mjs') }
  for (const verb of ['signal', 'stop', 'reload', 'start', 'restart']) {
    const error = await asUser(t, place, verb, options)
    t.is(error.code, 'ERR_DAEMON_PERMISSION_DENIED', `${verb}: ${error.message}`)
  }
  t.like(await asUser(t, place, 'stop', options), { pid })
  t.true(alive(pid))
  t.is(place.read('a.pid'), `${pid}\n`)
})

test.serial("a class with a run() of its own takes no option 'run', be it a method or a field", async (t) => {
  const place = folder(t)
  const options = { pidFile: place.file('a.pid'), run() {} }
  const refused = { code: 'ERR_DAEMON_INVALID_OPTION', option: 'run', value: options.run }
  class Method extends Daemon {
    run() {}
  }
  t.like(
    t.throws(() => new Method(options)),
    refused,
  )
  class Field extends Daemon {
    run = () => {}
  }
  const daemon = new Field(options)
  for (const verb of ['start', 'restart', 'foreground']) t.like(await t.throwsAsync(daemon[verb]()), refused)
  t.deepEqual(readdirSync(place.path), [])
})
