// The body of a daemon whose pidfile others exchange. It has an oracle's name for the inode of its pidfile: two bodies
// of one inode would meet there. It ends by itself, because without its pidfile nobody finds it. Arguments: the folder
// for the records.
const { appendFileSync, fstatSync, readdirSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { isAlone } = require('./alone.cjs')

const [folder] = process.argv.slice(2)

/** The inode of the file on which this process has a lock of flock(2), proc_pid_fdinfo(5). */
function lockedInode() {
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    try {
      if (/^lock:.* FLOCK .* WRITE /m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))) {
        const { dev, ino } = fstatSync(Number(fd))
        return `${dev}-${ino}`
      }
    } catch {
      // That of the listing.
    }
  }
  return undefined
}

const tell = (what) => appendFileSync(join(folder, 'journal'), `${process.pid} ${what}\n`)

const inode = lockedInode()
if (inode === undefined) tell('has no lock')
else {
  if (!isAlone(`inode-${inode}`)) tell(`is another body of the inode ${inode}`)
  writeFileSync(join(folder, `inode-${inode}`), '')
}
process.on('SIGUSR2', () => {})
setTimeout(() => {}, 1_500)
