// Checks the imports between the rooms of ts/. A room is a folder, or a file beside the folders. Imports of types
// count, because a reader must know the other room for them, too.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { root } from '../lib/run.js'

/** Every room may import these rooms; they import only each other. */
const BASE = ['types', 'errors', 'never', 'say', 'timer', 'turn']

/** The rooms that each room may import. They stand above it, so that imports point one way. */
const ROOMS = {
  types: [],
  errors: [],
  never: [],
  timer: [],
  turn: [],
  /** The wording of errors about options. */
  say: [],
  /** Only the native part is outside of ts/. */
  binding: ['native'],
  handover: ['binding'],
  inside: ['binding', 'handover'],
  serving: ['binding', 'inside'],
  /** A keeper's body. */
  kept: ['binding', 'inside'],
  options: ['binding', 'handover'],
  supervisor: ['binding', 'inside'],
  control: ['binding', 'options'],
  launcher: ['binding', 'handover', 'options', 'supervisor', 'control'],
  foreground: ['binding', 'handover', 'options', 'supervisor', 'inside', 'launcher'],
  restart: ['binding', 'handover', 'options', 'inside', 'control', 'launcher'],
  logs: ['binding', 'options', 'inside', 'control'],
  facade: [
    'binding',
    'handover',
    'options',
    'supervisor',
    'inside',
    'control',
    'launcher',
    'foreground',
    'restart',
    'logs',
    'serving',
  ],
  cli: ['facade', 'binding', 'handover', 'options', 'supervisor'],
  bin: ['cli', 'facade'],
}

/** The files of ts/ that together are the room `facade`. */
const FACADE = [
  'index',
  'daemon',
  'daemonize',
  'send',
  'signal-by-route',
  'call-verbs',
  'verbs',
  'late',
  'bundled',
  'provide',
]

/** The facade loads the command with its first use, or from the beginning, although the command imports the facade. */
const EXCEPTIONS = ['late.ts imports cli', 'bundled.ts imports cli']

/** The room of a path below ts/. */
function roomOf(path) {
  if (path.startsWith('..')) return path.startsWith(join('..', 'native')) ? 'native' : 'outside'
  const [first] = path.replace(/\.ts$/, '').split(sep)
  return FACADE.includes(first) ? 'facade' : first
}

/** The files that a file imports, as paths below ts/. */
function importsOf(path) {
  const text = readFileSync(join(root, 'ts', path), 'utf8')
  const found = text.matchAll(/(?:\bfrom|\bimport\(?)\s*'(\.[^']*)\.(?:js|cjs)'/g)
  return Array.from(found, ([, to]) => relative('', join(dirname(path), `${to}.ts`)))
}

/** The faults, a line each, and the number of imports between rooms. */
function checkRooms() {
  const order = Object.keys(ROOMS)
  const problems = order.flatMap((room, at) => {
    const below = ROOMS[room].filter((other) => order.indexOf(other) > at)
    return below.map((other) => `scripts/lint/rooms.js: ${room} may import ${other}, which comes after it`)
  })
  let imports = 0
  for (const path of readdirSync(join(root, 'ts'), { recursive: true }).toSorted()) {
    if (!path.endsWith('.ts')) continue
    const room = roomOf(path)
    if (ROOMS[room] === undefined)
      problems.push(`ts/${path}: ${room} is no room: add it to scripts/lint/rooms.js`)
    for (const to of importsOf(path)) {
      const other = roomOf(to)
      if (other === room) continue
      imports++
      const isAllowed = BASE.includes(other) || (ROOMS[room] ?? []).includes(other)
      if (isAllowed || EXCEPTIONS.includes(`${path} imports ${other}`)) continue
      const allowed = [...BASE, ...(ROOMS[room] ?? [])].join(', ')
      problems.push(`ts/${path} imports ts/${to}: ${room} may import ${allowed} alone`)
    }
  }
  return { problems, imports }
}

/** Prints all faults; gives an exit code. */
export function rooms() {
  const { problems, imports } = checkRooms()
  for (const problem of problems) console.error(problem)
  console.log(`${imports} imports between ${Object.keys(ROOMS).length} rooms`)
  return problems.length > 0 ? 1 : 0
}
