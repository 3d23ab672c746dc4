// The journal of a pidfile: what happened, to whom, and when, by the clock that all processes share. One line by one
// write, so that lines of several processes do not mix.
const { appendFileSync } = require('node:fs')
const { join } = require('node:path')
const { statOf } = require('../../scripts/lib/stat.cjs')

/** Now, in milliseconds. */
const now = () => Number(process.hrtime.bigint()) / 1e6

function journal(folder, what, more) {
  const line = JSON.stringify({ what, pid: process.pid, at: now(), ...more })
  appendFileSync(join(folder, 'journal'), `${line}\n`)
}

/** When this process began, in ticks since boot. */
const born = statOf(process.pid)?.born

// By names alone: that is how modules see what they can import.
module.exports = { born, journal, now }
