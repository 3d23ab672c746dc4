// The body of a daemon in the storm. It has the oracle's name for its life, writes numbered lines, and keeps a journal
// of when it has begun and ended. Arguments: the folder of its pidfile's records.
const { openSync, statSync, writeSync } = require('node:fs')
const { spawnSync } = require('node:child_process')
const { join } = require('node:path')
const { isAlone } = require('./alone.cjs')
const { born, journal } = require('./journal.cjs')

const [folder] = process.argv.slice(2)
const { pid } = process

// Before anything else, and without waiting: two bodies at once are what must never be.
const { dev, ino } = statSync(folder)
if (!isAlone(`${dev}-${ino}`)) journal(folder, 'overlap', { born })
journal(folder, 'begin', { born })

let lines = 0
// What it has written is known of one that is killed, too.
const counter = openSync(join(folder, `lines-${pid}-${born}`), 'w')
const write = () => {
  writeSync(1, `${pid} ${born} ${++lines}\n`)
  writeSync(counter, `${lines}\n`, 0)
}
write()
const timer = setInterval(write, 7)

process.on('exit', (code) => {
  clearInterval(timer)
  journal(folder, 'end', { born, code, lines })
})

// A restart from inside.
const facade = process.env.STORM_FACADE
if (facade !== undefined) {
  process.on('SIGUSR1', async () => {
    const { Daemon } = await import(facade)
    // It rejects if the helper is killed.
    await Daemon.current.restart().catch(() => {})
  })
}

// A child that the daemon's end must not leave the lock to.
if (pid % 4 === 0) spawnSync('true')
