// Runs commands from the repository's root.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** How long the output may stay open after the command has ended. */
const HELD_OUTPUT_MS = 5_000

const isWindows = process.platform === 'win32'

/** The packages of the tools that `runTool` runs. */
const TOOLS = { napi: '@napi-rs/cli', tsc: 'typescript', biome: '@biomejs/biome' }

/** Runs a tool of a package. By this Node.js, because Windows cannot execute the files of `node_modules/.bin`. */
export function runTool(name, args) {
  const folder = join(root, 'node_modules', TOOLS[name])
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return run(process.execPath, [join(folder, bin[name]), ...args])
}

/** npm as a command and its arguments: on Windows it is a script, which cannot be executed either. */
export function npm(...args) {
  if (!isWindows) return ['npm', args]
  return [process.execPath, [join(dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'), ...args]]
}

/** The output of a command; empty if the command fails. */
export function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : ''
}

/** Runs a command on this terminal; resolves to its exit code (127: not found, 128: ended by a signal). */
export function run(command, args, { cwd = root, env = process.env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`)
      resolve(127)
    })
    child.on('exit', (code) => resolve(code ?? 128))
  })
}

/** Passes each line of a readable stream to `onLine`; the function that it gives also a last one without a newline. */
function passLines(output, onLine) {
  let rest = ''
  output.setEncoding('utf8')
  output.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) onLine(line)
  })
  return () => {
    if (rest !== '') onLine(rest)
  }
}

/**
 * Runs a command and passes each line of its stdout to `onLine` as it comes; with `mergeStderr` also the lines of
 * stderr, in their true order (without a shell, on Windows, in about that order). Resolves to the exit code and to
 * `held`: true if a process that the command has left behind still holds its output.
 */
export function stream(command, args, { cwd = root, env = process.env, mergeStderr = false, onLine }) {
  return new Promise((resolve) => {
    const [file, argv] =
      mergeStderr && !isWindows ? ['sh', ['-c', 'exec "$0" "$@" 2>&1', command, ...args]] : [command, args]
    const stderr = mergeStderr && isWindows ? 'pipe' : 'inherit'
    const child = spawn(file, argv, { cwd, env, stdio: ['ignore', 'pipe', stderr] })
    const outputs = [child.stdout, child.stderr].filter(Boolean)
    let code = 128
    let held = false
    let deadline
    const ends = outputs.map((output) => passLines(output, onLine))
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`)
      resolve({ code: 127, held: false })
    })
    child.on('exit', (exitCode) => {
      code = exitCode ?? 128
      deadline = setTimeout(() => {
        held = true
        for (const output of outputs) output.destroy()
      }, HELD_OUTPUT_MS)
    })
    child.on('close', () => {
      clearTimeout(deadline)
      for (const end of ends) end()
      resolve({ code, held })
    })
  })
}
