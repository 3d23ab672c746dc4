// Checks the core: its public items, the imports of its lowest layer, and circles between its rooms.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { output, root } from '../lib/run.js'

const CORE = 'crates/core/src/'
const SYS = `${CORE}sys/`

/** Types that no public signature, field or constant of the core may have, each with the type to use. */
const FORBIDDEN = [
  [/\bRawFd\b/, 'a descriptor is a Descriptor, an OwnedFd or a BorrowedFd'],
  [/\bErrno\b|\berrno\b/, "the system's error is an io::Error"],
  [/\bsignal: i32\b|\bSignal\(i32\)/, 'a signal is a Signal'],
  [/\boption: |\bfn option\b/, "what an error is about is a Subject, and no option's name"],
]

/** Names of the package's options that only JavaScript has: no Rust name and no plain word looks like them. */
const OPTIONS = new RegExp(
  `"(?:option )?(${[
    'pidFile|pidFileMode|log\\.maxSize|execPath|execArgv|scriptArgs|cleanEnv',
    'keepFds|oomScoreAdj|noNewPrivileges|coreDumps|lockTimeout|readyTimeout',
    'stopSignal|stopTimeout|forceKill|stopGroup',
  ].join('|')})\\b`,
)

/** The lines of a file without tests; comments are blank lines, so that the line numbers stay. */
function code(file) {
  const [own] = readFileSync(join(root, file), 'utf8').split(/^#\[cfg\(test\)\]$/m)
  return own.split('\n').map((line) => line.replace(/^\s*\/\/.*$/, ''))
}

/** The head of an item, up to its body or semicolon; a variant or a field ends with its line. */
function head(lines, start) {
  const end = lines.findIndex((line, index) => index >= start && /[{;]\s*$|[,}]$/.test(line))
  return lines.slice(start, end + 1).join(' ')
}

/** The public items with their line numbers: `pub` items, parts of a public enum, functions of a public trait. */
function publicItems(lines) {
  const items = []
  let inPublic = false
  lines.forEach((line, index) => {
    if (/^pub (enum|trait) .*\{$/.test(line)) inPublic = true
    else if (/^\}/.test(line)) inPublic = false
    const isItem = /^\s*pub (?!use\b|mod\b)/.test(line) || (inPublic && /^ {4,}\w/.test(line))
    // The fields of `pub struct Name(Private)` are not public.
    const item = line.replace(/^(pub struct \w+)\((?!pub )[^)]*\)/, '$1')
    if (isItem) items.push([index, /\bfn\b/.test(line) ? head(lines, index) : item])
  })
  return items
}

function shown(file) {
  const lines = code(file)
  const items = publicItems(lines).flatMap(([index, item]) =>
    FORBIDDEN.filter(([pattern]) => pattern.test(item)).map(([, why]) => [index, why]),
  )
  const names = lines.flatMap((line, index) => {
    const found = OPTIONS.exec(line)
    return found === null ? [] : [[index, `'${found[1]}' is JavaScript's name of an option: use a Subject`]]
  })
  return [...items, ...names]
}

/** Imports of the lowest layer from other layers. */
function known(file) {
  return code(file).flatMap((line, index) =>
    /\bcrate::(?!sys\b)/.test(line) ? [[index, 'sys must not know what stands above it']] : [],
  )
}

/** The room that a file belongs to: the first part of its path. */
const room = (file) => file.slice(CORE.length).split('/')[0].replace('.rs', '')

/** The circles of imports between rooms, each as a path. */
function circles(files) {
  const rooms = new Map()
  for (const file of files.filter((one) => room(one) !== 'lib')) {
    const known = rooms.get(room(file)) ?? new Set()
    for (const [, name] of code(file)
      .join('\n')
      .matchAll(/\bcrate::([a-z_]+)/g))
      known.add(name)
    rooms.set(room(file), known)
  }
  const found = []
  const walk = (path) => {
    for (const next of rooms.get(path.at(-1)) ?? []) {
      if (next === path[0] && path.length > 1) found.push([...path, next].join(' → '))
      // Find each circle once, from the first of its rooms by name.
      else if (!path.includes(next) && next > path[0]) walk([...path, next])
    }
  }
  for (const first of rooms.keys()) walk([first])
  return found
}

/** Prints all faults; gives an exit code. */
export function coreFaces() {
  const files = output('git', ['ls-files', '-co', '--exclude-standard', '--', `${CORE}*.rs`]).split('\n')
  const found = files.flatMap((file) => {
    const faults = file.startsWith(SYS) ? known(file) : shown(file)
    return faults.map(([index, why]) => `${file}:${index + 1}: ${why}`)
  })
  found.push(...circles(files).map((circle) => `${CORE}: rooms in a circle: ${circle}`))
  for (const line of found) console.error(line)
  return found.length > 0 ? 1 : 0
}
