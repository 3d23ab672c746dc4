// A daemon's log, written to as fast as it can be. On SIGUSR2: a burst, until the log is rotated, or that many lines.
// Tells in a file how long the rotation came after the write that made the log too large, or all the lines took.
// Arguments: the log, its maxSize, the file, the lines.
import { renameSync, statSync, writeFileSync, writeSync } from 'node:fs'

const [, , log, maxSize, told, lines] = process.argv
const LINE = Buffer.from(`${'x'.repeat(99)}\n`)
const file = () => statSync(log, { throwIfNoEntry: false })?.ino

function untilRotated() {
  const before = file()
  for (let size = 0; size < Number(maxSize); ) size += writeSync(1, LINE)
  const full = performance.now()
  while (file() === before) writeSync(1, LINE)
  return performance.now() - full
}

function all() {
  const begin = performance.now()
  for (let line = 0; line < Number(lines); line++) writeSync(1, LINE)
  return performance.now() - begin
}

process.on('SIGUSR2', () => {
  writeFileSync(`${told}.new`, String(lines === undefined ? untilRotated() : all()))
  renameSync(`${told}.new`, told)
})
setInterval(() => {}, 1e6)
