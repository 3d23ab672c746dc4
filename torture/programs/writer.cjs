// The body of a daemon that writes numbered lines, and at its end how many they were. A line that cannot be written is
// left out, so that the daemon outlives a full disk.
const { writeSync } = require('node:fs')

let count = 0
function write(text) {
  try {
    writeSync(1, `${process.pid} ${text}\n`)
    return true
  } catch {
    return false
  }
}
const next = () => {
  if (write(count + 1)) count++
}
next()
const timer = setInterval(() => [1, 2, 3, 4, 5].forEach(next), 5)
process.on('exit', () => {
  clearInterval(timer)
  write(`end ${count}`)
})
