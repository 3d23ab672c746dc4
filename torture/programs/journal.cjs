// The journal of a pidfile: what happened, to whom, and when, by the clock that all processes share. One line by one
// write, so that lines of several processes do not mix.
const { appendFileSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

/** When a process began, in ticks since boot: with the PID it names a process for good, proc_pid_stat(5). */
function bornOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19])
  } catch {
    return undefined
  }
}

/** Now, in milliseconds. */
const now = () => Number(process.hrtime.bigint()) / 1e6

function journal(folder, what, more) {
  const line = JSON.stringify({ what, pid: process.pid, at: now(), ...more })
  appendFileSync(join(folder, 'journal'), `${line}\n`)
}

module.exports = { bornOf, born: bornOf(process.pid), journal, now }
