// Flags as properties: any command line is read or refused as such, and a flag gives what the option gives.
import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { answer } from '../../build/cli/completion/answer.js'
import { ALL_FLAGS, OPTION_FLAGS } from '../../build/cli/flags.js'
import { VERBS } from '../../build/cli/main.js'
import { optionsOf } from '../../build/cli/options.js'
import { isAmong, parse, positionalsOf } from '../../build/cli/parse.js'
import { validateOptions } from '../../build/options/validate.js'
import { ACCEPTED, READY_OF_PROGRAM } from '../helpers/any-options.js'
import { holds } from '../helpers/property.js'

const text = fc.string({ unit: 'binary', maxLength: 8 })

const value = fc.oneof(
  text,
  fc.constantFrom('', '-', '-1', '1e3', '0x10', '010', ' 5', 'Infinity', 'NaN', 'true', 'false', 'inherit'),
  fc.constantFrom(
    'A=1',
    '=',
    'A',
    'nofile=1:2',
    'nofile=unlimited:1',
    'usr2=stop',
    '=stop',
    '9=stop',
    '__proto__=x',
  ),
)

const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ALL_FLAGS).map(({ name }) => `--${name}`) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...ALL_FLAGS), value)
      .map(([{ name }, given]) => `--${name}=${given}`),
  },
  { weight: 4, arbitrary: value },
  { weight: 1, arbitrary: fc.constantFrom('--', '-', '--=', '-=', '---', '--no-', '-nvfl', '-n=x', '-é') },
  { weight: 1, arbitrary: fc.constantFrom('--__proto__', '--__proto__=x', '--constructor', '--toString=1') },
)

const words = fc.array(word, { maxLength: 6 })

const flagSets = [ALL_FLAGS, OPTION_FLAGS, ...VERBS.map(({ flags }) => flags)]

/** What a call gives, or the error that it throws. */
function outcome(call) {
  try {
    return { given: call() }
  } catch (error) {
    return { error }
  }
}

test('any command line gives options that are checked by name, or a UsageError', async (t) => {
  await holds(
    t,
    fc.property(words, fc.constantFrom(...flagSets), (args, flags) => {
      const { given, error } = outcome(() => optionsOf(parse(args, flags).values))
      if (error !== undefined) {
        assert.equal(error.name, 'UsageError', error.stack)
        return
      }
      const checked = outcome(() => validateOptions({ name: 'x', script: 'x.js', ...given }, 'Daemon'))
      if (checked.error !== undefined)
        assert.equal(checked.error.code, 'ERR_DAEMON_INVALID_OPTION', checked.error.stack)
    }),
    2_000,
  )
})

test('no word is lost, and those after -- are as they were', async (t) => {
  await holds(
    t,
    fc.property(words, fc.array(value), (args, rest) => {
      const { given } = outcome(() => parse([...args, '--', ...rest], ALL_FLAGS))
      if (given === undefined) return
      const before = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
      assert.deepEqual(given.rest, [...args, '--', ...rest].slice(before.length + 1))
      assert.ok(given.positionals.every((one) => before.includes(one)))
      assert.deepEqual(outcome(() => parse(before, ALL_FLAGS)).given?.values, given.values)
    }),
    1_000,
  )
})

test('what looks at words that may be wrong never fails', async (t) => {
  await holds(
    t,
    fc.property(words, fc.constantFrom(...flagSets, []), (args, flags) => {
      for (const name of ['json', 'verbose']) assert.equal(typeof isAmong(name, args), 'boolean')
      assert.ok(Array.isArray(positionalsOf(args, flags).positionals))
      for (const { name } of VERBS)
        assert.ok(answer([name, ...args], VERBS).every((line) => typeof line === 'string'))
    }),
    300,
  )
})

/** The ways to write an option as flags: lists of words. */
const WRITTEN = {
  octal: (number, old) => [old ? `0o${number.toString(8)}` : number.toString(8)],
  signal: (one, short) => [
    typeof one === 'string' && short ? one.replace('SIG', '').toLowerCase() : `${one}`,
  ],
  variables: (env) => Object.entries(env).map(([name, one]) => (one === undefined ? name : `${name}=${one}`)),
  limits: (all) =>
    Object.entries(all).map(([name, one]) => `${name}=${[one].flat().map(unlimited).join(':')}`),
  actions: (all) => Object.entries(all).map(([name, one]) => `${name}=${one}`),
  numbers: (all) => all.map(String),
  texts: (all) => all,
  listen: (all) => Object.entries(all).map(([name, one]) => `${name}=${addressOf(one)}`),
  ready: (one) => [typeof one === 'string' ? one : addressOf(one)],
}

function addressOf(one) {
  if (typeof one === 'number') return String(one)
  const { port, host, path } = one
  if (path !== undefined) return path
  if (host === undefined) return String(port)
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

const unlimited = (number) => (number === Infinity ? 'unlimited' : number)

function flagsOf(option, given, isOther) {
  const flag = OPTION_FLAGS.find((one) => one.option === option)
  const { name, value: takes, on = true, reads, collects } = flag
  if (takes === undefined)
    return given === on ? [isOther ? `--${name}` : `--${name}=true`] : [`--${name}=false`]
  const write = WRITTEN[collects ?? reads] ?? ((one) => [String(one)])
  return write(given, isOther).map((one) => `--${name}=${one}`)
}

const { log, ...ACCEPTED_ALONE } = ACCEPTED

/** What an option needs beside it, where that is not a script. */
const BESIDE = { drainTimeout: { script: 'x.js', respawn: true } }

const SCRIPT = { script: 'x.js' }
const cases = Object.entries(ACCEPTED_ALONE).map(([option, accepted]) => {
  return { title: option, option, accepted, beside: BESIDE[option] ?? SCRIPT }
})
if (process.platform === 'linux') {
  const beside = { program: 'x' }
  cases.push({ title: 'ready of a program', option: 'ready', accepted: READY_OF_PROGRAM, beside })
}

for (const { title, option, accepted, beside } of cases) {
  test(`the flag of ${title} gives what the option gives`, async (t) => {
    const settings = (more) => validateOptions({ name: 'x', ...beside, ...more }, 'Daemon')
    await holds(
      t,
      fc.property(accepted, fc.boolean(), (given, isOther) => {
        const args = flagsOf(option, given, isOther)
        const found = optionsOf(parse(args, OPTION_FLAGS).values)
        // An empty list is no flag at all.
        if (args.length > 0) assert.deepEqual(settings(found), settings({ [option]: given }))
      }),
      60,
    )
  })
}

test('the flags of a log give what the option gives', async (t) => {
  const settings = (given) => validateOptions({ name: 'x', log: given }, 'Daemon')
  await holds(
    t,
    fc.property(log, fc.boolean(), (given, isOther) => {
      const { file, ...parts } = typeof given === 'string' ? { file: given } : given
      const more = Object.entries(parts).flatMap(([part, one]) => flagsOf(`log.${part}`, one, isOther))
      const found = optionsOf(parse([...more, `--log=${file}`], OPTION_FLAGS).values)
      assert.deepEqual(settings(found.log), settings(given))
    }),
    100,
  )
})
