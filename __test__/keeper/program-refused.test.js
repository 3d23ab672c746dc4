// What is refused of a program of any kind, and what it contradicts.
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder } from '../helpers/index.js'

const OPTION = { code: 'ERR_DAEMON_INVALID_OPTION' }
const FAILED = { code: 'ERR_DAEMON_START_FAILED' }

const SHELL = { program: '/bin/sh' }
for (const [option, options, told] of [
  ['script', { ...SHELL, script: fixture('body.js') }, /contradicts 'program' \('\/bin\/sh'\)/],
  ['run', { ...SHELL, run() {} }, /contradicts 'program'/],
  ['scriptArgs', { ...SHELL, scriptArgs: ['x'] }, /'programArgs'/],
  ['execPath', { ...SHELL, execPath: '/bin/node' }, /contradicts 'program'/],
  ['execArgv', { ...SHELL, execArgv: ['-r'] }, /contradicts 'program'/],
  ['compileCache', { ...SHELL, compileCache: true }, /contradicts 'program'/],
  ['signals', { ...SHELL, signals: { SIGHUP: 'stop' } }, /handles its signals itself/],
  ['title', { ...SHELL, title: 'x' }, /sets its title itself/],
  ['log.maxSize', { ...SHELL, log: { file: 'x.log', maxSize: 9 } }, /logrotate, with copytruncate/],
  ['respawn', { ...SHELL, respawn: false }, /'program' needs a keeper/],
  ['program', { ...SHELL, socket: true }, /cannot be had with 'socket'/],
  ['ready', { ...SHELL, ready: 'manual' }, /give ready: 'notify'/i],
  ['ready', { ...SHELL, ready: { port: 80 }, listen: { web: 80 } }, /accepted before the program is ready/],
  ['ready', { ...SHELL, ready: { port: 80 }, instances: 2 }, /which of several 'instances' accepts there/],
  ['keepFds', { ...SHELL, keepFds: [3], listen: { web: 80 } }, /has 3, the number of a socket/],
  ['ready.port', { ...SHELL, ready: { port: 0 } }, /a port, from 1/],
  ['ready.host', { ...SHELL, ready: { port: 80, host: 'localhost' } }, /an IP address/],
  ['ready.prot', { ...SHELL, ready: { prot: 80 } }, /Did you mean 'port'/],
  ['ready.port', { ...SHELL, ready: { port: 80, path: '/x' } }, /contradicts the path/],
  ['ready.path', { ...SHELL, ready: { path: '/x'.repeat(60) } }, /longer than 107 bytes/],
  ['ready', { ...SHELL, ready: 'soon' }, /'auto', 'manual', 'running', 'notify', or an object/],
  ['ready', { script: fixture('body.js'), ready: 'notify' }, /which is for a 'program'/],
  ['ready', { run() {}, ready: { port: 80 } }, /which is for a 'program'/],
  ['programArgs', { script: fixture('body.js'), programArgs: ['x'] }, /there is no 'program'/],
  ['programArgs', { ...SHELL, programArgs: 'x' }, /an array of strings/],
  ['program', { program: '' }, /a path, a name to be looked for in PATH/],
  ['program', { program: 'a\0b' }, /a path, a name to be looked for in PATH/],
  ['program', { program: new URL('https://example.org/x') }, /a file: URL of this machine/],
]) {
  test(`wrong: ${JSON.stringify(options)}`, (t) => {
    const error = t.throws(() => new Daemon({ name: 'a', ...options }), OPTION)
    t.is(error.option, option)
    t.regex(error.message, told)
  })
}

test.serial('there is none but on Linux', (t) => {
  const descriptor = Object.getOwnPropertyDescriptor(process, 'platform')
  Object.defineProperty(process, 'platform', { ...descriptor, value: 'darwin' })
  t.teardown(() => Object.defineProperty(process, 'platform', descriptor))
  const error = t.throws(() => new Daemon({ name: 'a', ...SHELL }), { code: 'ERR_DAEMON_UNSUPPORTED' })
  t.is(error.feature, 'program')
  t.regex(error.message, /^Option 'program' is not supported by this system\./)
})

test.serial('a program that cannot be executed is refused before anything happens', async (t) => {
  const place = folder(t)
  place.write('plain', 'no program')
  mkdirSync(place.file('sub'))
  const env = { PATH: place.path }
  for (const [program, more, told] of [
    [
      '/no/such/program',
      {},
      /^Option 'program' must be a file that can be executed, but '\/no\/such\/program' is not: ENOENT/,
    ],
    [place.file('plain'), {}, /EACCES/],
    [place.path, {}, /is a folder/],
    ['./sub', {}, /is a folder/],
    ['no-such-program', {}, /^Option 'program': 'no-such-program' is in no folder of PATH\. Install it/],
    ['plain', { env }, /EACCES/],
    ['sub', { env }, /is in no folder of PATH/],
  ]) {
    const daemon = new Daemon({ pidFile: place.file('a.pid'), cwd: place.path, program, ...more })
    const error = await t.throwsAsync(daemon.start(), OPTION)
    t.like(error, { option: 'program', value: program })
    t.regex(error.message, told, program)
  }
  t.deepEqual(place.processes(), [])
  t.false(existsSync(place.file('a.pid')))
})

test.serial('what only the system can tell fails the start, with the error of exec', async (t) => {
  const place = folder(t)
  place.write('broken', '\x7fELF')
  chmodSync(place.file('broken'), 0o755)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), program: place.file('broken') })
  const error = await t.throwsAsync(daemon.start(), FAILED)
  t.is(error.step, 'exec')
  t.like(error.cause, { code: 'ENOEXEC', syscall: 'execve' })
  t.regex(error.message, /broken: cannot be executed: ENOEXEC/)
  t.deepEqual(place.processes(), [])
  t.false(existsSync(place.file('a.pid')))
})

test.serial('a program without its interpreter fails the start, which says so', async (t) => {
  const place = folder(t)
  place.write('serve', '#!/no/interpreter\n')
  chmodSync(place.file('serve'), 0o755)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), program: './serve', cwd: place.path })
  const error = await t.throwsAsync(daemon.start(), FAILED)
  t.is(error.cause.code, 'ENOENT')
  t.regex(error.message, /The program is there: the interpreter that its first line names is not$/)
})

test.serial('arguments of a start, and a run() of the class, are refused', async (t) => {
  const place = folder(t)
  const options = { pidFile: place.file('a.pid'), program: 'sleep', programArgs: ['1000'] }
  const daemon = new Daemon(options)
  t.like(await t.throwsAsync(daemon.start('x'), OPTION), { option: 'args' })
  t.like(await t.throwsAsync(daemon.ensure('x'), OPTION), { option: 'args' })
  t.like(await t.throwsAsync(daemon.upgrade('x'), OPTION), { option: 'args' })
  class Own extends Daemon {
    run() {}
  }
  t.like(await t.throwsAsync(new Own(options).start(), OPTION), { option: 'program' })
  t.like(await t.throwsAsync(daemon.foreground('x'), OPTION), { option: 'args' })
  t.deepEqual(place.processes(), [])
})
