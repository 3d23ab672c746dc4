// A thread that is told a PID, says that it looks, and then the instant at which that process was first seen dead.
import { parentPort } from 'node:worker_threads'
import { isDead } from '../scripts/lib/processes.js'

parentPort.on('message', (pid) => {
  parentPort.postMessage('looking')
  while (!isDead(pid));
  parentPort.postMessage(performance.timeOrigin + performance.now())
})
