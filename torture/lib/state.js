/** What /proc/PID/stat says of a process, proc_pid_stat(5). */

import { readFileSync } from 'node:fs'

function fieldsOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** Its state as a letter; undefined if there is no such process. */
export const stateOf = (pid) => fieldsOf(pid)[0]

/** When it began, in ticks since boot. */
export const bornOf = (pid) => Number(fieldsOf(pid)[19])
