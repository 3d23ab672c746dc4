// A thread that is told a PID, says that it looks, and then the instant at which that process was first seen dead.
import { readFileSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'

function isDead(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    // The first thread shows as a zombie as soon as it has ended itself; the process is dead when all have.
    return /^[ZX]/.test(fields[0]) && Number(fields[17]) <= 1
  } catch {
    return true
  }
}

parentPort.on('message', (pid) => {
  parentPort.postMessage('looking')
  while (!isDead(pid));
  parentPort.postMessage(performance.timeOrigin + performance.now())
})
