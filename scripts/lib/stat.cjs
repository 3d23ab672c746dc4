// What /proc/PID/stat says of a process, proc_pid_stat(5). A CommonJS module, because preloads of daemons use it, too.
const { readFileSync } = require('node:fs')

/**
 * Its state as a letter, its parent, the number of its threads, and when it began, in ticks since boot: with the PID
 * that names a process for good. Undefined if there is no such process.
 */
function statOf(pid) {
  let text
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0], ppid: Number(fields[1]), threads: Number(fields[17]), born: Number(fields[19]) }
}

module.exports = { statOf }
