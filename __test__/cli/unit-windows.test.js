// `unit windows`: commands for cmd.exe, taken apart as cmd.exe and programs of Windows do.
import { deepEqual } from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { argument, forCmd } from '../../build/cli/unit/windows.js'
import { at, BIN, daimon, PLAIN } from '../helpers/cli.js'
import { folder } from '../helpers/index.js'
import { holds } from '../helpers/property.js'
import { ON_WINDOWS } from '../helpers/windows.js'

/** The line that cmd.exe passes on; undefined where it would take a part of it for itself. */
function passedOn(line) {
  let passed = ''
  let isQuoted = false
  for (let at = 0; at < line.length; at++) {
    const character = line[at]
    if (character === '"') isQuoted = !isQuoted
    if (!isQuoted && character === '^') passed += line[++at]
    else if (!isQuoted && '&|<>'.includes(character)) return undefined
    else passed += character
  }
  return passed
}

/** As CommandLineToArgvW has it. */
function words(line) {
  const found = []
  let text
  let isQuoted = false
  for (let at = 0; at < line.length; at++) {
    const slashes = /^\\*/.exec(line.slice(at))[0].length
    if (slashes > 0) {
      const isBeforeQuote = line[at + slashes] === '"'
      text = (text ?? '') + '\\'.repeat(isBeforeQuote ? Math.floor(slashes / 2) : slashes)
      at += slashes - 1
      if (isBeforeQuote && slashes % 2 === 1) {
        text += '"'
        at++
      }
    } else if (line[at] === '"') {
      text ??= ''
      isQuoted = !isQuoted
    } else if (/\s/.test(line[at]) && !isQuoted) {
      if (text !== undefined) found.push(text)
      text = undefined
    } else {
      text = (text ?? '') + line[at]
    }
  }
  return text === undefined ? found : [...found, text]
}

const command = (place, ...args) => place.node([...ON_WINDOWS, BIN, 'unit', ...args], { env: PLAIN })

test('the commands install and remove a service that runs the daemon in the foreground', async (t) => {
  const place = folder(t)
  const script = place.write('my server & more.mjs', '')
  const { code, stdout, stderr } = await command(
    place,
    ...['windows', '--name', 'web', ...at(place), '--ready-timeout', '5000', '--env', 'A=b c', script],
    ...['--', 'x y', '"', 'back\\', ''],
  )
  t.deepEqual([code, stderr], [0, ''])
  const [create, start, , stop, remove] = stdout.trimEnd().split('\r\n')
  t.deepEqual([start, stop, remove], ['sc.exe start web', 'rem sc.exe stop web', 'rem sc.exe delete web'])
  const passed = passedOn(create)
  t.truthy(passed, create)
  const [sc, verb, name, key, line, ...rest] = words(passed)
  t.deepEqual([sc, verb, name, key, rest], ['sc.exe', 'create', 'web', 'binPath=', ['start=', 'auto']])
  t.true(line.startsWith(`${process.execPath} ${BIN} run --name web `), line)
  const told = words(line)
  t.deepEqual(told.slice(told.indexOf(script)), [script, '--', 'x y', '"', 'back\\', ''])
  t.deepEqual(told.slice(told.indexOf('--cwd'), told.indexOf('--cwd') + 2), ['--cwd', place.path])
  for (const flag of ['--pid-file', '--ready-timeout', '--env', '--verbose'])
    t.true(told.includes(flag), flag)
})

test('what Windows has nothing for, and the files of other systems, are refused', async (t) => {
  const place = folder(t)
  const script = place.write('a.mjs', '')
  for (const [args, message] of [
    [
      ['systemd', '--name', 'web', script],
      /unit systemd is not supported on Windows\. A service of Windows is/,
    ],
    [['launchd', '--name', 'web', script], /unit launchd is not supported on Windows/],
    [['logrotate', '--name', 'web'], /unit logrotate is not supported on Windows/],
    [
      ['windows', '--name', 'web', ...at(place), '--user', 'a', script],
      /--user is not supported on Windows\. Start/,
    ],
    [
      ['windows', '--name', 'web', ...at(place), '--log', 'a', script],
      /--log is not supported for a service: .* Let the program write its own log/,
    ],
  ]) {
    const { code, stdout, stderr } = await command(place, ...args)
    t.deepEqual([code, stdout], [1, ''])
    t.regex(stderr, message)
  }
  const wrong = await command(place, 'cron')
  t.is(wrong.code, 2)
  t.regex(wrong.stderr, /unit prints windows, not for 'cron'/)
  const percent = await command(place, 'windows', '--name', 'web', ...at(place), '--env', 'A=%PATH%', script)
  t.is(percent.code, 2)
  t.regex(percent.stderr, /cmd\.exe has no way to write %/)
  if (process.platform === 'win32') return
  const elsewhere = await daimon(place, 'unit', 'windows', '--name', 'web', script)
  t.is(elsewhere.code, 1)
  t.regex(elsewhere.stderr, /unit windows is not supported here/)
})

test('any words come back from the line', async (t) => {
  const word = fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', '&', '^', 'é', '|'), maxLength: 12 })
  const back = (given) => {
    const line = given.map((one) => argument(one)).join(' ')
    deepEqual(words(line), given)
    deepEqual(words(passedOn(forCmd(argument(line, true)))), [line])
  }
  await holds(t, fc.property(fc.array(word, { maxLength: 5 }), back), 2_000)
})
