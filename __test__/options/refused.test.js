// What options must not be, and what is said of them.
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import test from 'ava'
import { validateOptions } from '../../build/options/validate.js'
import { nameValue } from '../../build/options/values.js'
import { valid } from '../helpers/options.js'
import { ON_WINDOWS } from '../helpers/windows-processes.js'

const NUL = 'a\0b'

const REFUSED = [
  ...['', '-a', '.a', 'a/b', 'a b', 'é', 'a\n', 'x'.repeat(65), 1, null, {}].map((value) => ['name', value]),
  ...['pidFile', 'script', 'cwd', 'stdin', 'stdout', 'stderr', 'log'].flatMap((option) => [
    [option, ''],
    [option, NUL],
    [option, 1],
    [option, null],
    [option, new URL('https://example.org/x')],
    // On Windows that is a share.
    ...(ON_WINDOWS ? [] : [[option, 'file://host/x']]),
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
  ['ready', 'Auto', /'auto', 'manual', 'running', 'notify', or an object with port or path/],
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
  ['execPath', resolve('/bin/node')],
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

test('a value is shown short and on one line, whatever is in it, and the environment not at all', (t) => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key${index}`, index]))
  for (const value of [many, new Error('two\nlines'), new Map([[{ a: '\n' }, 'x'.repeat(1_000)]])]) {
    const { message } = t.throws(() => valid({ keepFds: value }))
    t.true(message.length < 500 && !message.includes('\n'), message)
  }
  for (const option of ['keepFds', 'title', 'script']) {
    const { message } = t.throws(() => valid({ [option]: process.env }), { message: /, not process\.env\./ })
    t.false(message.includes(process.env.PATH))
  }
})

test('names of devices are refused on Windows alone', (t) => {
  for (const name of ['nul', 'CON', 'com1', 'lpt9.web']) {
    const error = t.throws(() => nameValue('name', name, true), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.is(error.message, `Option 'name' must not be '${name}', a device's name on Windows. Give another name.`)
    t.is(nameValue('name', name, false), name)
  }
  for (const name of ['null', 'con1', 'web.nul', 'com']) t.is(nameValue('name', name, true), name)
})
