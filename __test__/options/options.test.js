import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import test from 'ava'
import {
  checkOptions,
  makeDefaultFolder,
  validateOptions,
  validateStopOptions,
  validateWaitOptions,
} from '../../build/options/index.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'daimon-options-')))
test.after.always(() => rmSync(folder, { recursive: true, force: true }))

const valid = (options, form = 'Daemon') => validateOptions({ name: 'x', ...options }, form)
const isRoot = process.geteuid() === 0

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
    title: 'web',
    args: [],
    exit: true,
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

const NUL = 'a\0b'
const REFUSED = [
  ...['', '-a', '.a', 'a/b', 'a b', 'é', 'a\n', 'x'.repeat(65), 1, null, {}].map((value) => ['name', value]),
  ...['pidFile', 'script', 'cwd', 'stdin', 'stdout', 'stderr', 'log'].flatMap((option) => [
    [option, ''],
    [option, NUL],
    [option, 1],
    [option, null],
    [option, new URL('https://example.org/x')],
    [option, 'file://host/x'],
    [option, 'file:///a%00b'],
    [option, 'file:///a%2Fb'],
  ]),
  ['log', 'inherit', /stdout and stderr/],
  ['log', ['x'], /must be a path/],
  ['stdout', { file: 'x' }, /must be/],
  ['stdout', 'pipe', /null device.*'\.\/pipe'/],
  ['stderr', 'ignore', /null device.*'\.\/ignore'/],
  ...[-1, 0o1000, 1.5, NaN, null, 18n].map((value) => ['umask', value, /0o777/]),
  ['umask', '022', /Give the number 0o022/],
  ['pidFileMode', 0o1600, /0o777/],
  ['pidFileMode', '600', /Give the number 0o600/],
  ['pidFileMode', 0o622, /lets others write/],
  ['pidFileMode', 0o620, /lets others write/],
  ['pidFileMode', 0o602, /lets others write/],
  ['pidFileMode', 0o400, /owner/],
  ['pidFileMode', 0o244, /owner/],
  ...['lockTimeout', 'readyTimeout', 'stopTimeout'].flatMap((option) =>
    [-1, NaN, -Infinity, 2 ** 31, '10', null, 10n].map((value) => [option, value, /milliseconds/]),
  ),
  ['ready', 'Auto', /'auto', 'manual' or 'running'/],
  ['ready', true],
  ...['Auto', 'false', 0, null].map((value) => ['detach', value, /true, false or 'auto'/]),
  ...['forceKill', 'cleanEnv'].flatMap((option) => [0, 'true', null].map((value) => [option, value])),
  ...['', NUL, 1].map((value) => ['title', value]),
  ['stopSignal', 'TERM', /Did you mean 'SIGTERM'/],
  ['stopSignal', 0],
  ...['A=1', null, ['A'], new Map()].map((value) => ['env', value]),
  ...[{}, null, 'console', { debug() {}, info() {}, warn() {} }].map((value) => ['logger', value]),
  ...['x', null, {}].map((value) => ['run', value]),
]

const label = (value) => inspect(value, { breakLength: Infinity }).slice(0, 70)

for (const [option, value, message = /must be/] of REFUSED) {
  test(`${option} must not be ${typeof value} ${label(value)} (${message})`, (t) => {
    const error = t.throws(() => valid({ [option]: value }), { code: 'ERR_DAEMON_INVALID_OPTION', message })
    t.is(error.option, option)
    t.deepEqual(error.value, value)
    t.true(error.message.includes(`'${option}'`))
    t.true(error.message.length < 500)
  })
}

const ENV = [
  [{ '': '1' }, ''],
  [{ 'A=B': '1' }, 'A=B'],
  [{ [NUL]: '1' }, NUL],
  [{ DAIMON_ADOPT: '1' }, 'DAIMON_ADOPT'],
  [{ A: 1 }, 1],
  [{ A: null }, null],
  [{ A: `secret\0` }, 'secret\0'],
]

for (const [env, value] of ENV) {
  test(`env must not have ${JSON.stringify(env)}`, (t) => {
    const error = t.throws(() => valid({ env }), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.is(error.option, 'env')
    t.is(error.value, value)
    t.notRegex(error.message, /secret/)
  })
}

for (const option of ['scriptArgs', 'execArgv']) {
  for (const value of ['x', [1], [NUL], Array(1), {}, null]) {
    test(`${option} must not be ${JSON.stringify(value)}`, (t) => {
      const error = t.throws(() => valid({ script: '/s.js', [option]: value }), {
        code: 'ERR_DAEMON_INVALID_OPTION',
      })
      t.is(error.option, option)
    })
  }
}

for (const [option, value] of [
  ['scriptArgs', ['a']],
  ['execPath', '/bin/node'],
  ['execArgv', []],
]) {
  test(`${option} without script is refused`, (t) => {
    const error = t.throws(() => valid({ [option]: value }), {
      code: 'ERR_DAEMON_INVALID_OPTION',
      message: /'script'/,
    })
    t.is(error.option, option)
    t.deepEqual(error.value, value)
  })
}

for (const option of ['stdout', 'stderr']) {
  test(`log with ${option} is refused`, (t) => {
    const error = t.throws(() => valid({ log: '/l', [option]: '/o' }), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.is(error.option, option)
    t.regex(error.message, /contradicts 'log'.*'\/l'/)
  })
}

test('without name and pidfile nothing is accepted', (t) => {
  for (const form of ['Daemon', 'daemonize']) {
    t.throws(() => validateOptions({}, form), {
      code: 'ERR_DAEMON_INVALID_OPTION',
      message: /'name'.*'pidFile'/,
    })
  }
})

for (const input of [undefined, null, 'x', 1, [], () => {}]) {
  test(`options must not be ${typeof input} ${String(input)}`, (t) => {
    const error = t.throws(() => validateOptions(input, 'Daemon'), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.is(error.option, 'options')
    t.is(error.value, input)
  })
}

const UNKNOWN = [
  ['pidfile', 'pidFile'],
  ['pid_file', 'pidFile'],
  ['PIDFILE', 'pidFile'],
  ['readytimeout', 'readyTimeout'],
  ['stopTimout', 'stopTimeout'],
  ['nmae', 'name'],
  ['stdio', 'stdin'],
  ['logs', 'log'],
  ['user_', 'user'],
  ['foo', undefined],
  ['x', undefined],
  ['toString', undefined],
  ['x'.repeat(1_000_000), undefined],
]

for (const [option, guess] of UNKNOWN) {
  test(`${option.slice(0, 20)} is unknown${guess ? `, and ${guess} is suggested` : ''}`, (t) => {
    const error = t.throws(() => valid({ [option]: 1 }), {
      code: 'ERR_DAEMON_INVALID_OPTION',
      message: /^Option '.*' is unknown\./s,
    })
    t.is(error.option, option)
    t.is(/Did you mean '(.*)'/.exec(error.message)?.[1], guess)
  })
}

test('an unknown option is refused even when it is undefined: it is misspelt', (t) => {
  t.throws(() => valid({ pidfile: undefined }), { code: 'ERR_DAEMON_INVALID_OPTION' })
})

const ELSEWHERE = [
  ['args', [], 'Daemon', /belongs to daemonize\(\)/],
  ['exit', false, 'Daemon', /belongs to daemonize\(\)/],
  ['exit', false, 'with', /belongs to daemonize\(\)/],
  ['run', () => {}, 'daemonize', /belongs to new Daemon\(\)/],
  ['script', '/s', 'daemonize', /belongs to new Daemon\(\)/],
  ['execPath', '/s', 'daemonize', /belongs to new Daemon\(\)/],
  ['signal', new AbortController().signal, 'Daemon', /belongs to with\(\) and the verbs/],
  ['signal', new AbortController().signal, 'daemonize', /belongs to with\(\) and the verbs/],
]

for (const [option, value, form, message] of ELSEWHERE) {
  test(`${option} is no option of ${form}`, (t) => {
    const error = t.throws(() => valid({ [option]: value }, form), {
      code: 'ERR_DAEMON_INVALID_OPTION',
      message,
    })
    t.is(error.option, option)
    t.is(error.value, value)
  })
}

test('with() changes what it is given and keeps the rest', (t) => {
  const { signal } = new AbortController()
  const base = valid({ log: '/l', umask: 0, script: '/s.js', env: { A: '1' } })
  const settings = validateOptions(
    { readyTimeout: 5, signal, execArgv: ['--x'], umask: undefined },
    'with',
    base,
  )
  const { given: _, ...rest } = base
  t.like(settings, { ...rest, readyTimeout: 5, signal, execArgv: ['--x'] })
  t.deepEqual(validateOptions(undefined, 'with', settings), settings)
  t.is(base.readyTimeout, 30_000)
})

test('with() can take one stream away from a log, and give both to another', (t) => {
  const base = valid({ log: '/l' })
  const one = validateOptions({ stdout: '/o' }, 'with', base)
  t.deepEqual([one.stdio.stdout.path, one.stdio.stderr.path], ['/o', '/l'])
  const both = validateOptions({ log: '/m' }, 'with', one)
  t.deepEqual([both.stdio.stdout.path, both.stdio.stderr.path], ['/m', '/m'])
})

test('with() keeps an explicit pidfile under another name, and derives one from it otherwise', (t) => {
  t.is(validateOptions({ name: 'b' }, 'with', valid({ pidFile: '/a.pid' })).pidFile, '/a.pid')
  t.true(validateOptions({ name: 'b' }, 'with', valid({})).pidFile.endsWith('/b.pid'))
})

test.serial('with() keeps the paths of before a change of folder', (t) => {
  const base = valid({ pidFile: 'a.pid', log: 'a.log' })
  const before = process.cwd()
  process.chdir('/')
  try {
    const settings = validateOptions({ readyTimeout: 5 }, 'with', base)
    t.is(settings.pidFile, join(before, 'a.pid'))
    t.is(settings.stdio.stdout.path, join(before, 'a.log'))
    t.is(settings.cwd, before)
  } finally {
    process.chdir(before)
  }
})

test("stop's own options go before the daemon's", (t) => {
  const { signal } = new AbortController()
  const base = valid({ stopTimeout: 5 })
  const defaults = { stopSignal: 15, stopTimeout: 5, forceKill: true, stopGroup: false, signal: undefined }
  t.deepEqual(validateStopOptions(undefined, base), defaults)
  t.deepEqual(validateStopOptions({ stopTimeout: undefined }, base), defaults)
  const own = validateStopOptions({ stopSignal: 'SIGINT', stopTimeout: 0, forceKill: false, signal }, base)
  t.deepEqual(own, { stopSignal: 2, stopTimeout: 0, forceKill: false, stopGroup: false, signal })
})

for (const [options, option] of [
  [{ stopTimeout: '5' }, 'stopTimeout'],
  [{ forcekill: true }, 'forcekill'],
  [{ name: 'x' }, 'name'],
  [{ signal: {} }, 'signal'],
  [{ stopGroup: true }, 'stopGroup'],
  [5, 'options'],
]) {
  test(`stop must not be told ${JSON.stringify(options)}`, (t) => {
    const error = t.throws(() => validateStopOptions(options, valid({})), {
      code: 'ERR_DAEMON_INVALID_OPTION',
    })
    t.is(error.option, option)
  })
}

test('a verb that only waits takes a signal and nothing else', (t) => {
  const { signal } = new AbortController()
  t.is(validateWaitOptions(undefined, {}), undefined)
  t.is(validateWaitOptions({}, { signal }), signal)
  t.is(validateWaitOptions({ signal }, {}), signal)
  t.throws(() => validateWaitOptions({ stopTimeout: 1 }, {}), { code: 'ERR_DAEMON_INVALID_OPTION' })
})

test('the system has nothing against paths that are there', (t) => {
  t.notThrows(() => checkOptions(valid({ script: import.meta.url, cwd: pathToFileURL(folder) })))
})

const file = join(folder, 'file')
writeFileSync(file, '', { mode: 0o644 })
const ASKED = [
  [{ script: join(folder, 'none') }, 'script', 'ENOENT'],
  [{ script: join(file, 'none') }, 'script', 'ENOTDIR'],
  [{ script: folder }, 'script'],
  [{ script: '/dev/null' }, 'script'],
  [{ cwd: join(folder, 'none') }, 'cwd', 'ENOENT'],
  [{ cwd: file }, 'cwd'],
  [{ script: file, execPath: join(folder, 'none') }, 'execPath', 'ENOENT'],
  [{ script: file, execPath: folder }, 'execPath'],
  [{ script: file, execPath: file }, 'execPath', 'EACCES'],
]

for (const [options, option, code] of ASKED) {
  test(`a start is refused for ${JSON.stringify(options).replaceAll(folder, '')}`, (t) => {
    const error = t.throws(() => checkOptions(valid(options)), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.is(error.option, option)
    t.is(error.value, options[option])
    t.true(error.message.includes(options[option]))
    t.is(error.cause?.code, code)
  })
}

const made = (path, options = {}) => {
  makeDefaultFolder({ pidFile: join(path, 'x.pid'), defaultFolder: path, ...options })
  return statSync(path).mode & 0o7777
}

test.serial('the default folder and its parents are made with their modes under any umask', (t) => {
  const mode = isRoot ? 0o755 : 0o700
  for (const umask of [0, 0o022, 0o777]) {
    const before = process.umask(umask)
    try {
      t.is(made(join(folder, `m${umask}/a/b`)), mode)
    } finally {
      process.umask(before)
    }
    for (const path of [`m${umask}`, `m${umask}/a`]) t.is(statSync(join(folder, path)).mode & 0o7777, mode)
  }
})

test('a default folder that exists keeps its mode', (t) => {
  const path = join(folder, 'kept')
  mkdirSync(path)
  chmodSync(path, 0o711)
  t.is(made(path), 0o711)
})

test('without a default folder nothing is made', (t) => {
  makeDefaultFolder(valid({ pidFile: join(folder, 'never/x.pid') }))
  t.throws(() => statSync(join(folder, 'never')), { code: 'ENOENT' })
})

test('a default folder that cannot be made is a PidFileError with the reason of the system', (t) => {
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
  for (const [path, code] of [
    ['file/a', 'ENOTDIR'],
    ['dangling/a', 'ENOENT'],
  ]) {
    const error = t.throws(() => made(join(folder, path)), { code: 'ERR_DAEMON_PIDFILE' })
    t.is(error.reason, 'missing-directory')
    t.is(error.pidFile, join(folder, path, 'x.pid'))
    t.is(error.cause.code, code)
  }
})
