// The table of options, the types that users see, the docs and the flags: one says what the others say.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { LOG_PARTS } from '../../build/options/log.js'
import { RESPAWN_PARTS } from '../../build/options/respawn.js'
import { OPTIONS } from '../../build/options/table.js'
import { ROOT } from '../helpers/index.js'

const read = (path) => readFileSync(join(ROOT, path), 'utf8')

/** The members of an interface: their names, and what their comments give as the default. */
function members(text, name) {
  const [, body] = new RegExp(`^export interface ${name}\\b.*?\\{\n(.*?)^\\}`, 'ms').exec(text)
  const found = [...body.matchAll(/(?: {2}\/\*\*((?:(?!\*\/).)*)\*\/\n)? {2}(\w+)\??: /gs)]
  return found.map(([, comment = '', option]) => [option, /@default ([^\n]*)/.exec(comment)?.[1]])
}

const TYPES = read('ts/types/options.ts')
const LOGS = read('ts/types/logs.ts')
const DOCUMENTED = Object.fromEntries([
  ...members(read('ts/types/connections.ts'), 'ConnectOptions'),
  ...members(read('ts/types/process.ts'), 'ProcessOptions'),
  ...members(LOGS, 'LogsOptions'),
  ...['CommonOptions', 'StopOptions', 'DaemonOptions', 'DaemonizeOptions', 'WithOptions'].flatMap((name) =>
    members(TYPES, name),
  ),
])
const DOCUMENTED_PARTS = Object.fromEntries(members(LOGS, 'LogOptions'))
const DOCUMENTED_RESPAWN = Object.fromEntries(members(TYPES, 'RespawnOptions'))

/** The options and defaults of the tables of a page. */
const PAGE = Object.fromEntries(
  [...read('docs/options.md').matchAll(/^\| (`\w+`(?:, `\w+`)*) \|(.*?)\| /gm)].flatMap(([, names, shown]) =>
    names.split(', ').map((name) => [name.slice(1, -1), shown.trim()]),
  ),
)

/** As it is written in code; a mode is octal. */
function code(value, like = '') {
  if (typeof value !== 'number' || value === Number.POSITIVE_INFINITY)
    return typeof value === 'string'
      ? `'${value}'`
      : typeof value === 'number'
        ? String(value)
        : JSON.stringify(value)
  return like.includes('0o')
    ? `0o${value.toString(8).padStart(3, '0')}`
    : value.toLocaleString('en').replaceAll(',', '_')
}

/** What an empty object, and the number of a signal, stand for. */
const SAID_OTHERWISE = ['env', 'signals', 'stopSignal']

test('the table has the options that the types have', (t) => {
  t.deepEqual(Object.keys(OPTIONS).sort(), Object.keys(DOCUMENTED).sort())
  t.deepEqual(Object.keys(LOG_PARTS).sort(), Object.keys(DOCUMENTED_PARTS).sort())
  t.deepEqual(Object.keys(RESPAWN_PARTS).sort(), Object.keys(DOCUMENTED_RESPAWN).sort())
})

test('the defaults of the table are those that the types tell', (t) => {
  for (const [rows, documented] of [
    [OPTIONS, DOCUMENTED],
    [LOG_PARTS, DOCUMENTED_PARTS],
    [RESPAWN_PARTS, DOCUMENTED_RESPAWN],
  ]) {
    for (const [name, row] of Object.entries(rows)) {
      if (!('default' in row) || SAID_OTHERWISE.includes(name)) continue
      t.is(documented[name], code(row.default, documented[name]), name)
    }
  }
  t.is(DOCUMENTED.stopSignal, "'SIGTERM'")
  t.is(OPTIONS.stopSignal.default, 15)
})

test('the page about options has those of the table, with their defaults', (t) => {
  const inTable = Object.keys(OPTIONS).filter((name) => {
    return OPTIONS[name].forms.some((form) => form === 'Daemon' || form === 'daemonize')
  })
  t.deepEqual(Object.keys(PAGE).sort(), inTable.sort())
  for (const name of inTable) {
    if (!('default' in OPTIONS[name]) || SAID_OTHERWISE.includes(name)) continue
    t.is(PAGE[name], `\`${code(OPTIONS[name].default, PAGE[name])}\``, name)
  }
  t.is(PAGE.stopSignal, "`'SIGTERM'`")
})
