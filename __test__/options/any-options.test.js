// Options as properties: whatever is given is accepted or refused by name, and stays as it was.
import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { NAMES } from '../../build/options/table.js'
import {
  validateLogsOptions,
  validateOptions,
  validateStopOptions,
  validateWaitOptions,
} from '../../build/options/validate.js'
import { isRecord } from '../../build/options/values.js'
import { Daemon } from '../../dist/index.js'
import { acceptedOptions, anyOptions, anything } from '../helpers/any-options.js'
import { holds } from '../helpers/property.js'

/** The error that a call throws; undefined if it does not. */
function thrown(call) {
  try {
    call()
    return undefined
  } catch (error) {
    return { error }
  }
}

/** An error about options: of that class alone, and it names one that is known, or was given. */
function checkRefusal({ error }, given) {
  assert.equal(error?.code, 'ERR_DAEMON_INVALID_OPTION', String(error?.stack))
  const { option, message } = error
  const [known] = /^[^.[]*/.exec(option)
  const isNamed = known === 'options' || NAMES.includes(known) || given.includes(option)
  assert.ok(isNamed && message.includes(option), `${option}: ${message}`)
  // A sentence for a log: one line, never long.
  if (NAMES.includes(known)) assert.doesNotMatch(message, /\n/)
  assert.ok(message.length < 1_000 + 2 * option.length, message)
}

const keysOf = (options) => {
  try {
    return Object.keys(options)
  } catch {
    return []
  }
}

test('any options give a Daemon, or an InvalidOptionError that names an option', async (t) => {
  const options = fc.oneof({ weight: 9, arbitrary: anyOptions(NAMES) }, { weight: 1, arbitrary: anything })
  await holds(
    t,
    fc.property(options, ({ get }) => {
      const given = get()
      const found = thrown(() => new Daemon(given))
      if (found !== undefined) checkRefusal(found, keysOf(given))
    }),
    1_000,
  )
})

test('so do the options of with() and of the verbs', async (t) => {
  const base = validateOptions({ name: 'x' }, 'Daemon')
  const options = fc.oneof({ weight: 9, arbitrary: anyOptions(NAMES) }, { weight: 1, arbitrary: anything })
  const calls = [
    (given) => validateOptions(given, 'with', base),
    (given) => validateOptions(given, 'daemonize'),
    (given) => validateStopOptions(given, base),
    (given) => validateWaitOptions(given, base),
    (given) => validateLogsOptions(given, base),
  ]
  await holds(
    t,
    fc.property(options, fc.constantFrom(...calls), ({ get }, call) => {
      const given = get()
      const found = thrown(() => call(given))
      if (found !== undefined) checkRefusal(found, keysOf(given))
    }),
    1_000,
  )
})

test('options are read once and never touched', async (t) => {
  await holds(
    t,
    fc.property(anyOptions(NAMES), ({ get }) => {
      const reads = []
      const touches = []
      const touched = (name) => () => touches.push(name)
      const watched = new Proxy(get(), {
        get(target, key, receiver) {
          reads.push(key)
          return Reflect.get(target, key, receiver)
        },
        set: touched('set'),
        defineProperty: touched('defineProperty'),
        deleteProperty: touched('deleteProperty'),
        setPrototypeOf: touched('setPrototypeOf'),
        preventExtensions: touched('preventExtensions'),
      })
      thrown(() => validateOptions(watched, 'Daemon'))
      assert.equal(new Set(reads).size, reads.length, reads.join(' '))
      assert.deepEqual(touches, [])
    }),
    1_000,
  )
})

/** The options, and lists and objects in them, so that a change of them throws. */
function frozen(options) {
  for (const value of Object.values(options))
    if (Array.isArray(value) || isRecord(value)) Object.freeze(value)
  return Object.freeze(options)
}

test('accepted options are accepted by with() again, and change nothing there', async (t) => {
  await holds(
    t,
    fc.property(acceptedOptions.map(frozen), (given) => {
      const settings = validateOptions(given, 'Daemon')
      assert.deepEqual(validateOptions(given, 'with', settings), settings)
      // What is left out stays, too.
      assert.deepEqual(validateOptions({}, 'with', settings), settings)
      const other = validateOptions({ name: 'other' }, 'Daemon')
      const { pidFile, title } = validateOptions({ ...given, name: 'other' }, 'with', other)
      assert.equal(pidFile, given.pidFile === undefined ? other.pidFile : settings.pidFile)
      assert.equal(title, given.title ?? 'other')
    }),
    1_000,
  )
})
