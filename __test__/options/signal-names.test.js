import { constants } from 'node:os'
import test from 'ava'
import { signalName, signalNumber } from '../../build/options/signal-names.js'

const linux = process.platform === 'linux' ? test : test.skip

for (const [name, number] of Object.entries(constants.signals)) {
  test(`${name} is ${number}, and ${number} itself is accepted`, (t) => {
    t.is(signalNumber(name, 'stopSignal'), number)
    t.is(signalNumber(number, 'stopSignal'), number)
    t.is(constants.signals[signalName(number)], number)
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

test('of several names a signal has its usual one', (t) => {
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
