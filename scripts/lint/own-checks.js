// Checks of the code that no linter here makes. Each resolves to an exit code.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { output, root, run } from '../lib/run.js'

const MAX_COLUMNS = 120

/** What git greps: new files, too. */
const CODE = ['*.rs', '*.[jt]s', '*.[cm][jt]s']

/** rustfmt and Biome leave comments and strings as long as they are. */
export async function longLines() {
  const args = ['grep', '--untracked', '-nE', `^.{${MAX_COLUMNS + 1},}`, '--', ...CODE]
  // It counts characters, and not bytes.
  const code = await run('git', args, { env: { ...process.env, LC_ALL: 'C.UTF-8' } })
  if (code === 0) console.error(`lines of more than ${MAX_COLUMNS} columns`)
  // It has found none.
  return code === 1 ? 0 : 1
}

/** Where Node.js gives no field for what its message says: so often in these files. */
const READ_MESSAGES = {
  // The first line of what the system's linker says.
  'ts/binding/load.ts': 1,
  // The file of a module that it has not found.
  'ts/launcher/failure.ts': 2,
}

const READS =
  'message\\??\\.(replace|replaceAll|match|matchAll|startsWith|endsWith|includes|indexOf|split|slice|search)\\(' +
  '|\\.(test|exec)\\((error|cause|[a-z]*\\.message|message)\\b'

/** An error has fields for what others must know of it: no code reads its sentences. */
export function readSentences() {
  const found = output('git', ['grep', '--untracked', '-nE', READS, '--', 'ts/*.ts'])
  const lines = found === '' ? [] : found.split('\n')
  const file = (line) => line.slice(0, line.indexOf(':'))
  const wrong = lines.filter((line) => {
    const allowed = READ_MESSAGES[file(line)] ?? 0
    return lines.filter((other) => file(other) === file(line)).length !== allowed
  })
  if (wrong.length > 0) console.error(`messages of errors that are read:\n${wrong.join('\n')}`)
  return wrong.length > 0 ? 1 : 0
}

/** The files in which the pattern is found. */
function having(pattern, files = CODE) {
  const found = output('git', ['grep', '--untracked', '-lE', pattern, '--', ...files])
  return found === '' ? [] : found.split('\n')
}

/** The packages of a manifest that these files do not name, nor a command of them, and that are no other's peer. */
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

/** npm's packages; rustc itself tells of unused crates. */
export function unusedPackages() {
  const reports = [
    ['package.json', unused('.')],
    // Reached through one module alone.
    ['scripts/tools/package.json', unused('scripts/tools', having("/tools\\.js'$"))],
  ].filter(([, names]) => names.length > 0)
  for (const [file, names] of reports) console.error(`${file}: not used: ${names.join(' ')}`)
  return reports.length > 0 ? 1 : 0
}
