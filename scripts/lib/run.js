// Runs commands from the repository's root.
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** How long the output may stay open after the command has ended. */
const HELD_OUTPUT_MS = 5_000

/** A tool from `node_modules/.bin`. */
export const bin = (name) => `${root}node_modules/.bin/${name}`

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

/**
 * Runs a command and passes each line of its stdout to `onLine` as it comes; with `mergeStderr` also the lines of
 * stderr, in their true order. Resolves to the exit code and to `held`: true if a process that the command has left
 * behind still holds its output.
 */
export function stream(command, args, { cwd = root, env = process.env, mergeStderr = false, onLine }) {
  return new Promise((resolve) => {
    const [file, argv] = mergeStderr
      ? ['sh', ['-c', 'exec "$0" "$@" 2>&1', command, ...args]]
      : [command, args]
    const child = spawn(file, argv, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] })
    let rest = ''
    let code = 128
    let held = false
    let deadline
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()
      for (const line of lines) onLine(line)
    })
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`)
      resolve({ code: 127, held: false })
    })
    child.on('exit', (exitCode) => {
      code = exitCode ?? 128
      deadline = setTimeout(() => {
        held = true
        child.stdout.destroy()
      }, HELD_OUTPUT_MS)
    })
    child.on('close', () => {
      clearTimeout(deadline)
      if (rest !== '') onLine(rest)
      resolve({ code, held })
    })
  })
}
