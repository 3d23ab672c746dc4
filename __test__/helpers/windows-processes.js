/** The processes of a test on Windows, which has no /proc: each Node.js notes its PID for as long as it lives. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Names the folder of the notes. */
const NOTES = 'TEST_NOTES'
const NOTER = fileURLToPath(new URL('../fixtures/helpers/notes-itself.cjs', import.meta.url))

export const ON_WINDOWS = process.platform === 'win32'

/**
 * A folder of notes, and the variables by which the processes of a test note themselves in it. It is beside the folder
 * of the test, which may be looked through.
 */
export function notes() {
  const path = mkdtempSync(join(tmpdir(), 'daimon-notes-'))
  // NODE_OPTIONS takes a backslash for an escape.
  const env = { [NOTES]: path, NODE_OPTIONS: `--require "${NOTER.replaceAll('\\', '/')}"` }
  return {
    env,
    /** The system removes a note when its process ends, however that ends. */
    pids: () => readdirSync(path).map(Number),
    remove: () => removed(path),
  }
}

/** How often a folder is tried again, in ms, and how many times. */
const AGAIN_MS = 10
const TIMES = 1_000

/** Removes a folder that a process which has just been killed may still hold; Node.js 20 does not try that again. */
export async function removed(path) {
  for (let left = TIMES; ; left--) {
    try {
      return rmSync(path, { recursive: true, force: true })
    } catch (error) {
      if (left === 0) throw error
      await delay(AGAIN_MS)
    }
  }
}

/** Whether the process exists: Node.js asks for its exit code there. */
export function exists(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
