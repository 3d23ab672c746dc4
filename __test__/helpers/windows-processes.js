/** The processes of a test on Windows, which has no /proc: each Node.js that is started notes its PID while it lives. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 20 }),
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
