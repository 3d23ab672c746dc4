import { constants } from 'node:os'
import test from 'ava'
import { signalNumbers } from '../../build/binding/signal-numbers.js'
import { signalName, signalNumber } from '../../build/options/signal-names.js'

const unix = process.platform === 'win32' ? test.skip : test
const linux = process.platform === 'linux' ? test : test.skip

for (const [name, number] of Object.entries(signalNumbers())) {
  test(`${name} is ${number}, and ${number} itself is accepted`, (t) => {
    t.is(signalNumber(name, 'stopSignal'), number)
    t.is(signalNumber(number, 'stopSignal'), number)
    t.is(signalNumbers()[signalName(number)], number)
  })
}

const REFUSED = [
  ['TERM', /Did you mean 'SIGTERM'\?/],
  ['term', /Did you mean 'SIGTERM'\?/],
  ['sigusr2', /Did you mean 'SIGUSR2'\?/],
  ['SIGTREM', /Did you mean 'SIGTERM'\?/],
  ['15', /as a number: 15/],
  ['SIGNONSENSE', /there is no signal/],
  ['toString', /there is no signal/],
  ['__proto__', /there is no signal/],
  ['', /there is no signal/],
  [0, /from 1/],
  [-1, /from 1/],
  [1.5, /from 1/],
  [65, /from 1/],
  [NaN, /from 1/],
  [Infinity, /from 1/],
  [null, /a signal/],
  [undefined, /a signal/],
  [15n, /a signal/],
  [{}, /a signal/],
]

for (const [signal, message] of REFUSED) {
  test(`${typeof signal} ${String(signal)} is an invalid signal`, (t) => {
    const error = t.throws(() => signalNumber(signal, 'stopSignal'), {
      code: 'ERR_DAEMON_INVALID_OPTION',
      message,
    })
    t.is(error.option, 'stopSignal')
    t.is(error.value, signal)
    t.regex(error.message, /'stopSignal'/)
  })
}

linux('the real-time signals are accepted on Linux', (t) => {
  for (const number of [34, 50, 64]) t.is(signalNumber(number, 'signal'), number)
})

linux("the C library's own signals are refused on Linux", (t) => {
  for (const number of [32, 33]) {
    t.throws(() => signalNumber(number, 'signal'), {
      code: 'ERR_DAEMON_INVALID_OPTION',
      message: /C library/,
    })
  }
})

unix('of several names a signal has its usual one', (t) => {
  t.is(signalName(constants.signals.SIGABRT), 'SIGABRT')
  t.is(signalName(constants.signals.SIGIO), 'SIGIO')
})

linux('real-time signals are named by their place', (t) => {
  t.is(signalName(34), 'SIGRTMIN')
  t.is(signalName(37), 'SIGRTMIN+3')
})

test('a number that is no signal has a name that says so', (t) => {
  t.is(signalName(0), 'signal 0')
  t.is(signalName(99), 'signal 99')
})

const ON_WINDOWS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGUSR1: 10, SIGUSR2: 12, SIGTERM: 15 }

for (const [name, number] of Object.entries(ON_WINDOWS)) {
  test(`on Windows ${name} is ${number}`, (t) => {
    t.is(signalNumber(name, 'stopSignal', true), number)
    t.is(signalNumber(number, 'stopSignal', true), number)
    t.is(signalName(number, true), name)
  })
}

unix('what only Windows has is no signal elsewhere', (t) => {
  t.throws(() => signalNumber('SIGBREAK', 'signal', false), { code: 'ERR_DAEMON_INVALID_OPTION' })
})

test('on Windows all other signals are unsupported, and what is none is invalid', (t) => {
  const others = Object.keys(constants.signals).filter((name) => !Object.hasOwn(ON_WINDOWS, name))
  t.true(others.length > 3)
  for (const signal of [...others, 'SIGBREAK', 18, 31]) {
    const error = t.throws(() => signalNumber(signal, 'signal', true), { code: 'ERR_DAEMON_UNSUPPORTED' })
    t.is(error.feature, String(signal))
    t.regex(error.message, /is not supported on Windows\. Give one of SIGHUP, .*SIGTERM\.$/)
  }
  for (const signal of ['SIGTREM', 'term', 0, 1.5, null]) {
    t.throws(() => signalNumber(signal, 'signal', true), { code: 'ERR_DAEMON_INVALID_OPTION' })
  }
  t.throws(() => signalNumber('SIGTREM', 'signal', true), { message: /Did you mean 'SIGTERM'\?/ })
})
