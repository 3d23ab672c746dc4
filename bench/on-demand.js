/** Connections to a daemon on demand, against those to the same server by hand. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Daemon } from '../dist/index.js'
import { timed } from './measure.js'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const FACADE = pathToFileURL(here('../dist/index.js')).href
const ENGINE = here('engine.js')

/** So many connections of each kind, in turn, are one sample: one alone depends too much on the moment. */
const BATCH = 20

const daemonIn = (folder) =>
  new Daemon({ pidFile: join(folder, 'engine.pid'), script: ENGINE, scriptArgs: [FACADE], socket: true })

/** A server by hand that listens soon, executed with an empty preload. */
function byHand(folder, path) {
  return spawn(process.execPath, ['--require', here('empty.cjs'), ENGINE, 'hand', path], {
    cwd: folder,
    detached: true,
    stdio: 'ignore',
  })
}

/** Connects, and hears the first byte. False when nobody listens. */
function byteBack(path) {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function untilServed(path) {
  while (!(await byteBack(path)));
}

async function endOf(child) {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Times of one connection in ms, to a server that runs: with the hello, and with a byte from the server by hand. */
export async function warmConnects(folder, rounds) {
  const path = join(folder, 'hand.sock')
  const daemon = daemonIn(folder)
  const child = byHand(folder, path)
  await untilServed(path)
  await daemon.start()
  const ways = {
    byHand: () => byteBack(path),
    byConnect: async () => (await daemon.connect()).destroy(),
  }
  const times = { byConnect: [], byHand: [] }
  // The first round is for the compiler alone.
  for (let round = 0; round <= rounds; round++) {
    const sums = { byConnect: 0, byHand: 0 }
    for (let count = 0; count < BATCH; count++)
      for (const [way, one] of Object.entries(ways)) sums[way] += await timed(one)
    if (round > 0) for (const [way, sum] of Object.entries(sums)) times[way].push(sum / BATCH)
  }
  await daemon.stop()
  await endOf(child)
  rmSync(path, { force: true })
  return times
}

/** Times until a connection in ms, to a server that does not run: by `connect()`, and by spawn and attempts. */
export async function coldConnects(folder, rounds) {
  const path = join(folder, 'hand.sock')
  const daemon = daemonIn(folder)
  const times = { byConnect: [], byHand: [] }
  for (let round = 0; round < rounds; round++) {
    let child
    times.byHand.push(
      await timed(async () => {
        child = byHand(folder, path)
        await untilServed(path)
      }),
    )
    await endOf(child)
    rmSync(path, { force: true })
    times.byConnect.push(await timed(async () => (await daemon.connect()).destroy()))
    await daemon.stop()
  }
  return times
}
