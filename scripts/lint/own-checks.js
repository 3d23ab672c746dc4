// Checks of the code that none of the linters makes. Each gives an exit code.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { output, root, run } from '../lib/run.js'

const MAX_COLUMNS = 120

/** The files to search. */
const CODE = ['*.rs', '*.[jt]s', '*.[cm][jt]s']

/** Finds long lines, because rustfmt and Biome do not break comments and strings. */
export async function longLines() {
  const args = ['grep', '--untracked', '-nE', `^.{${MAX_COLUMNS + 1},}`, '--', ...CODE]
  // In this locale git counts characters instead of bytes.
  const code = await run('git', args, { env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  if (code === 0) console.error(`lines of more than ${MAX_COLUMNS} columns`)
  // 1: git has found no such line.
  return code === 1 ? 0 : 1
}

/** How often a file may read messages of Node.js, where Node.js gives no field for the same fact. */
const READ_MESSAGES = {
  // The first line of the system linker's message.
  'ts/binding/load.ts': 1,
  // The file of a module that Node.js has not found.
  'ts/launcher/failure.ts': 2,
}

const READS =
  'message\\??\\.(replace|replaceAll|match|matchAll|startsWith|endsWith|includes|indexOf|split|slice|search)\\(' +
  '|\\.(test|exec)\\((error|cause|[a-z]*\\.message|message)\\b'

/** Finds code that reads the message of an error: other code must use the error's fields. */
export function readSentences() {
  const found = output('git', ['grep', '--untracked', '-nE', READS, '--', 'ts/*.ts'])
  const lines = found === '' ? [] : found.split('\n')
  const file = (line) => line.slice(0, line.indexOf(':'))
  const wrong = lines.filter((line) => {
    const allowed = READ_MESSAGES[file(line)] ?? 0
    return lines.filter((other) => file(other) === file(line)).length !== allowed
  })
  if (wrong.length > 0)
    console.error(`code that reads messages of errors instead of fields:\n${wrong.join('\n')}`)
  return wrong.length > 0 ? 1 : 0
}

/** The files that have the pattern. */
function having(pattern, files = CODE) {
  const found = output('git', ['grep', '--untracked', '-lE', pattern, '--', ...files])
  return found === '' ? [] : found.split('\n')
}

/** The packages of a manifest that are no peer of another, and of which the files name neither package nor command. */
function unused(folder, files) {
  const { packages } = JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8'))
  const { dependencies, devDependencies } = packages['']
  const names = Object.keys({ ...dependencies, ...devDependencies })
  const locked = (name) => packages[`node_modules/${name}`]
  const peers = names.flatMap((name) => Object.keys(locked(name).peerDependencies ?? {}))
  return names.filter((name) => {
    const words = [name, ...Object.keys(locked(name).bin ?? {})].join('|')
    return !peers.includes(name) && having(`['"\`/](${words})['"\`/]`, files).length === 0
  })
}

/** Finds unused npm packages. (rustc tells of unused crates.) */
export function unusedPackages() {
  const reports = [
    ['package.json', unused('.')],
    ['bench/peers/npm/package.json', unused('bench/peers/npm', ['bench/peers/*.js'])],
    // Only files that import tools.js can use these.
    ['scripts/tools/package.json', unused('scripts/tools', having("/tools\\.js'$"))],
  ].filter(([, names]) => names.length > 0)
  for (const [file, names] of reports) console.error(`${file}: not used: ${names.join(' ')}`)
  return reports.length > 0 ? 1 : 0
}
