// What is told of a thrown value, which may be anything.
import test from 'ava'
import { isA, isErrorLike, messageOf, propertyOf, shown, textOf } from '../../build/handover/thrown.js'
import { Daemon } from '../../dist/index.js'
import { folder, KERNEL_TELLS } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const fails = () => {
  throw new Error('read')
}
const unreadable = (error, ...keys) => {
  // The stack first: it is made of the others with its first use.
  for (const key of keys) Object.defineProperty(error, key, { get: fails, enumerable: true })
  return error
}
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable(new Error('gone'), {})
  revoke()
  return proxy
}
const hostile = () => new Proxy(new Error('inside'), { get: fails, has: fails, getPrototypeOf: fails })

const UNSHOWABLE = 'something was thrown that cannot be shown'
/** How much can be seen of such a one depends on the release of Node.js. */
const WHATEVER = new RegExp(`^${UNSHOWABLE}`)
const UNTOLD = new RegExp(`^${UNSHOWABLE}|Error|^\\{`)

for (const [title, value, message, seen] of [
  ['an error', new Error('kept'), 'kept', /^Error: kept\n +at /],
  ['an error without a stack', unreadable(new Error('kept'), 'stack'), 'kept', /kept/],
  ['an error without a name', unreadable(new Error('kept'), 'stack', 'name'), 'kept', /kept/],
  ['an error without anything', unreadable(new Error(''), 'stack', 'name', 'message'), WHATEVER, UNTOLD],
  ['what has a message', { message: 'kept' }, 'kept', /kept/],
  ['a text', 'kept', 'kept', /^'kept'$/],
  ['a symbol', Symbol('kept'), 'Symbol(kept)', /^Symbol\(kept\)$/],
  ['nothing', undefined, 'undefined', /^undefined$/],
  [
    'an object without a prototype',
    Object.create(null),
    `${UNSHOWABLE} as text: [Object: null prototype] {}`,
    /null prototype/,
  ],
  ['an object whose text throws', { toString: fails, [Symbol.toStringTag]: 'Odd' }, /as text: .*Odd/, /Odd/],
  [
    'an object that cannot be inspected',
    {
      get [Symbol.toStringTag]() {
        return fails()
      },
    },
    WHATEVER,
    UNTOLD,
  ],
  ['a revoked proxy', revoked(), `${UNSHOWABLE} as text: <Revoked Proxy>`, /^<Revoked Proxy>$/],
  ['a proxy all of whose traps throw', hostile(), /as text: .*Error: inside at /, /Error: inside\n/],
  ['a text without an end', 'x'.repeat(1e7), 'x'.repeat(16_384), /^'x{10000}'\.{3} \d+ more/],
  ['an error with one', new Error('x'.repeat(1e7)), 'x'.repeat(16_384), /^Error: x{16377}$/],
]) {
  test(`as much as can be read is told: ${title}`, (t) => {
    if (typeof message === 'string') t.is(messageOf(value), message)
    else t.regex(messageOf(value), message)
    t.regex(shown(value), seen)
  })
}

test.serial('nothing that is asked of a thrown value throws', (t) => {
  for (const value of [
    revoked(),
    hostile(),
    unreadable(new Error(''), 'stack', 'x'),
    Object.create(null),
    null,
    1,
  ]) {
    t.is(propertyOf(value, 'x'), undefined)
    t.is(textOf(value, 'x'), undefined)
    t.false(isA(value, RangeError))
    t.notThrows(() => isErrorLike(value))
  }
})

test.serial('a hook that throws what its logger cannot show keeps no other from running', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { daemonize } from "DAIMON"
    const daemon = await daemonize({ pidFile: 'a.pid', log: 'a.log', logger: { ...console, error() { throw null } } })
    setInterval(() => {}, 1e6)
    daemon.onStop(() => console.log('the other hook'))
    daemon.onStop(() => { throw Object.defineProperty(new Error('kept'), 'stack', { get() { throw 1 } }) })`,
  )
  t.is((await place.node([program])).code, 0)
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  const ended = daemon.exited()
  await daemon.stop()
  if (KERNEL_TELLS) t.is((await ended).code, 1)
  const lines = place.read('a.log').trimEnd().split('\n')
  t.regex(lines.at(-3), /^A stop hook has failed: .*kept/)
  t.deepEqual(lines.slice(-2), ['daimon: the logger has failed: null', 'the other hook'])
})

test.serial('an uncaught error without a stack is told, and stops a daemon that has hooks', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { daemonize } from "DAIMON"
    const daemon = await daemonize({ pidFile: 'a.pid', log: 'a.log' })
    daemon.onStop(({ by }) => console.log('stopped by', by))
    process.on('SIGUSR2', () => { throw Object.defineProperty(new Error('kept'), 'stack', { get() { throw 1 } }) })
    setInterval(() => {}, 1e6)`,
  )
  t.is((await place.node([program])).code, 0)
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  const ended = daemon.exited()
  await daemon.signal('SIGUSR2')
  const { code } = await ended
  if (KERNEL_TELLS) t.is(code, 1)
  t.regex(place.read('a.log'), /^Uncaught .*kept.*\nstopped by error\n$/)
})

needs('output without a log')(
  'what a program has done to all objects does not take its own error away',
  async (t) => {
    const place = folder(t)
    for (const harm of [
      'Object.prototype.toJSON = () => { throw 1 }',
      'JSON.stringify = () => { throw 1 }',
      'String.prototype.slice = () => { throw 1 }',
    ]) {
      const script = place.write('harm.mjs', `${harm}; throw new Error('boom')`)
      const error = await t.throwsAsync(new Daemon({ pidFile: place.file('a.pid'), script }).start())
      t.is(error.exitCode, 1, harm)
      t.regex(error.message, /: Error: boom$/, harm)
    }
  },
)
