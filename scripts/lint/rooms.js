// rooms.js: the rooms of ts/, and which of them each may import. A room is a folder, or one of the files beside them.
// Types count as well: what a file knows of another room is what a reader must know, too.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { root } from '../lib/run.js'

/** Everybody may use these; they import nothing but each other. */
const BASE = ['types', 'errors', 'never', 'say', 'turn']

/** A room imports from rooms above its own alone, so that imports point one way. */
const ROOMS = {
  types: [],
  errors: [],
  never: [],
  turn: [],
  /** How errors speak of options. */
  say: [],
  /** The native part alone is outside of ts/. */
  binding: ['native'],
  handover: ['binding'],
  inside: ['binding', 'handover'],
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
  ],
  cli: ['facade', 'binding', 'handover', 'options', 'supervisor'],
  bin: ['cli'],
}

/** The files of ts/ that are no rooms of their own. */
const FACADE = ['index', 'internals', 'daemon', 'daemonize', 'send', 'command', 'provide']

/** `Daemon#cli` loads the command, which is made of the facade, with its first use. */
const EXCEPTIONS = ['command.ts imports cli']

/** The room of a path below ts/. */
function roomOf(path) {
  if (path.startsWith('..')) return path.startsWith(join('..', 'native')) ? 'native' : 'outside'
  const [first] = path.replace(/\.ts$/, '').split(sep)
  return FACADE.includes(first) ? 'facade' : first
}

/** What a file imports from other files, by their paths below ts/. */
function importsOf(path) {
  const text = readFileSync(join(root, 'ts', path), 'utf8')
  const found = text.matchAll(/(?:\bfrom|\bimport\(?)\s*'(\.[^']*)\.(?:js|cjs)'/g)
  return Array.from(found, ([, to]) => relative('', join(dirname(path), `${to}.ts`)))
}

/** What is wrong, a line each, and how many imports there are between rooms. */
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

/** Resolves to an exit code. */
export function rooms() {
  const { problems, imports } = checkRooms()
  for (const problem of problems) console.error(problem)
  console.log(`${imports} imports between ${Object.keys(ROOMS).length} rooms`)
  return problems.length > 0 ? 1 : 0
}
