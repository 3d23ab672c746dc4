// What options may be, and what they come to.
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import test from 'ava'
import { validateOptions } from '../../build/options/validate.js'
import { isRoot, valid } from '../helpers/options.js'

test('a name alone gives every default', (t) => {
  const { given, ...settings } = validateOptions({ name: 'web' }, 'Daemon')
  const run = process.platform === 'linux' ? '/run/daimon' : '/var/run/daimon'
  const defaultFolder = isRoot ? run : join(userInfo().homedir, '.local/state/daimon')
  t.deepEqual(settings, {
    name: 'web',
    pidFile: join(defaultFolder, 'web.pid'),
    defaultFolder,
    pidFileMode: 0o600,
    stdio: { stdin: { kind: 'null' }, stdout: { kind: 'null' }, stderr: { kind: 'null' } },
    cwd: process.cwd(),
    umask: 0o022,
    env: {},
    cleanEnv: false,
    compileCache: false,
    title: 'web',
    args: [],
    exit: true,
    socket: undefined,
    idleTimeout: Number.POSITIVE_INFINITY,
    version: undefined,
    executable: undefined,
    programArgs: [],
    keeper: undefined,
    lockTimeout: 0,
    ready: 'auto',
    readyTimeout: 30_000,
    detach: 'auto',
    stopSignal: 15,
    stopTimeout: 10_000,
    forceKill: true,
    stopGroup: false,
    process: {
      user: undefined,
      group: undefined,
      chroot: undefined,
      noNewPrivileges: undefined,
      coreDumps: undefined,
      limits: undefined,
      nice: undefined,
      oomScoreAdj: undefined,
      keepFds: undefined,
    },
    signals: {},
    logger: undefined,
    run: undefined,
    script: undefined,
    scriptArgs: [],
    execPath: process.execPath,
    execArgv: undefined,
    signal: undefined,
  })
})

test.serial("the default pidfile does not follow the login's environment", (t) => {
  const before = { HOME: process.env.HOME, XDG_STATE_HOME: process.env.XDG_STATE_HOME }
  const { pidFile } = valid({})
  Object.assign(process.env, { HOME: '/elsewhere', XDG_STATE_HOME: '/elsewhere' })
  try {
    t.is(valid({}).pidFile, pidFile)
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
})

test.serial("a user other than root has the default pidfile in the passwd entry's home", (t) => {
  const { geteuid } = process
  process.geteuid = () => 1000
  try {
    t.is(valid({}).pidFile, join(userInfo().homedir, '.local/state/daimon/x.pid'))
  } finally {
    process.geteuid = geteuid
  }
})

test('a given pidfile needs no name, has no default folder and no title', (t) => {
  const settings = validateOptions({ pidFile: '/srv/a.pid' }, 'Daemon')
  t.like(settings, { pidFile: '/srv/a.pid', name: undefined, title: undefined, defaultFolder: undefined })
})

test('an undefined option is as good as none', (t) => {
  const names = ['log', 'umask', 'user', 'args', 'signal']
  const options = { stdout: '/o', ...Object.fromEntries(names.map((name) => [name, undefined])) }
  t.like(valid(options), { umask: 0o022, stdio: { stdout: { path: '/o' } } })
})

for (const option of ['pidFile', 'cwd', 'script', 'stdout', 'log']) {
  const path = (value) => {
    const settings = valid({ [option]: value })
    if (option === 'log' || option === 'stdout') return settings.stdio.stdout.path
    return settings[option]
  }
  test(`${option} is made absolute from a path, a file: URL or a file: string`, (t) => {
    t.is(path('a/../b c'), resolve('b c'))
    t.is(path('/srv//é/'), '/srv/é')
    t.is(path(new URL('file:///srv/a%20b?q#h')), '/srv/a b')
    t.is(path('file:///srv/a%20b'), '/srv/a b')
    t.is(path(import.meta.url), fileURLToPath(import.meta.url))
  })
}

test('log is both output streams, and stdin is on its own', (t) => {
  const log = { kind: 'file', path: '/l', option: 'log' }
  t.deepEqual(valid({ log: '/l', stdin: '/i' }).stdio, {
    stdin: { kind: 'file', path: '/i', option: 'stdin' },
    stdout: log,
    stderr: log,
  })
})

test("each stream can be inherited, and a file called inherit is './inherit'", (t) => {
  const inherit = { kind: 'inherit' }
  const { stdio } = valid({ stdin: 'inherit', stdout: 'inherit', stderr: 'inherit' })
  t.deepEqual(stdio, { stdin: inherit, stdout: inherit, stderr: inherit })
  t.is(valid({ stdout: './inherit' }).stdio.stdout.path, resolve('inherit'))
})

const ACCEPTED = [
  ...['a', 'A1', '0', 'web@1', 'a.b_c-d', 'x'.repeat(64)].map((name) => ['name', name, name]),
  ...[0o600, 0o640, 0o644, 0o700].map((mode) => ['pidFileMode', mode, mode]),
  ...[0, 0o077, 0o777].map((mask) => ['umask', mask, mask]),
  ...['lockTimeout', 'readyTimeout', 'stopTimeout'].flatMap((option) =>
    [0, 0.5, 2 ** 31 - 1, Infinity].map((time) => [option, time, time]),
  ),
  ...['auto', 'manual', 'running'].map((ready) => ['ready', ready, ready]),
  ...['auto', true, false].map((detach) => ['detach', detach, detach]),
  ['stopSignal', 'SIGINT', 2],
  ['stopSignal', 2, 2],
  ['title', 'my title', 'my title'],
  ['forceKill', false, false],
  ['cleanEnv', true, true],
  ['logger', console, console],
]

for (const [option, value, expected] of ACCEPTED) {
  test(`${option} may be ${typeof value === 'object' ? 'console' : value}`, (t) => {
    t.is(valid({ [option]: value })[option], expected)
  })
}

test('env is copied, its undefined values included', (t) => {
  const env = { A: '1', B: undefined, ['__proto__']: 'odd' }
  const settings = valid({ env })
  env.A = '2'
  t.deepEqual(Object.entries(settings.env), [
    ['A', '1'],
    ['B', undefined],
    ['__proto__', 'odd'],
  ])
})

test('env may be process.env, an object without prototype or one of another realm', (t) => {
  const foreign = runInContext('({ A: "1" })', createContext())
  for (const env of [process.env, Object.assign(Object.create(null), { A: '1' }), foreign]) {
    t.deepEqual({ ...valid({ env }).env }, { ...env })
  }
})

test('arrays are copied', (t) => {
  const scriptArgs = ['a']
  const settings = valid({ script: '/s.js', scriptArgs, execArgv: ['--x'], execPath: '/bin/node' })
  scriptArgs.push('b')
  t.like(settings, { script: '/s.js', scriptArgs: ['a'], execArgv: ['--x'], execPath: '/bin/node' })
})

test('daemonize takes args, as an array or a function, and exit', (t) => {
  const args = () => [1]
  t.is(valid({ args }, 'daemonize').args, args)
  t.like(valid({ args: [1, undefined], exit: false }, 'daemonize'), { args: [1, undefined], exit: false })
})
