// Opens new connections to 127.0.0.1 as fast as there are answers, each with one request. Argument: `{ port, clients,
// seconds, pause }` as JSON: so many at a time, for so long, each after so many ms. Prints `{ answers, failed, by }`:
// how many, and how many by each PID.
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const { port, clients, seconds, pause = 0 } = JSON.parse(process.argv[2])
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
const end = performance.now() + seconds * 1000
const found = { answers: 0, failed: 0, by: {} }

const ask = () =>
  new Promise((resolve) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(REQUEST))
    socket.setEncoding('latin1').on('data', (more) => {
      text += more
    })
    socket
      .once('error', () => {})
      .once('close', () => resolve(/\r\n\r\n(?:[0-9a-f]+\r\n)?(\d+)/.exec(text)?.[1]))
  })

async function client() {
  while (performance.now() < end) {
    const pid = await ask()
    if (pid === undefined) found.failed++
    else {
      found.answers++
      found.by[pid] = (found.by[pid] ?? 0) + 1
    }
    if (pause > 0) await delay(pause)
  }
}
await Promise.all(Array.from({ length: clients }, client))
console.log(JSON.stringify(found))
