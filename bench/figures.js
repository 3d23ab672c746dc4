/**
 * The figures that the project promises, as ratios and differences measured in one run, in turn, as medians. Prints a
 * table; it judges nothing but says what is wanted. Argument: the rounds.
 */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { Daemon } from '../dist/index.js'
import { BOUNDS } from './bounds.js'
import { burstUntilRotation, writingSpeed } from './logs.js'
import { freePort, longestStall, median, timed, untilAccepts } from './measure.js'
import { coldConnects, warmConnects } from './on-demand.js'

const ROUNDS = Number(process.argv[2] ?? 30)
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'daimon-bench-'))
process.env.BENCH_FOLDER = folder
const pidFile = join(folder, 'bench.pid')
const port = await freePort()
const daemon = new Daemon({ pidFile, script: here('server.js'), scriptArgs: [String(port)] })
const table = []

function row(figure, measured, wanted) {
  table.push({ figure, measured, wanted })
}

const ms = (value) => `${value.toFixed(2)} ms`

function spawnServer() {
  return spawn(process.execPath, [here('server.js'), String(port)], { detached: true, stdio: 'ignore' })
}

async function kill(child) {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function startAgainstSpawn() {
  const byStart = []
  const bySpawn = []
  for (let round = 0; round < ROUNDS; round++) {
    let child
    bySpawn.push(
      await timed(async () => {
        child = spawnServer()
        await untilAccepts(port)
      }),
    )
    await kill(child)
    byStart.push(
      await timed(async () => {
        await daemon.start()
        await untilAccepts(port)
      }),
    )
    await daemon.stop()
  }
  const ratio = median(byStart) / median(bySpawn)
  const detail = `${ms(median(byStart))} : ${ms(median(bySpawn))}`
  row(
    'start() until the port accepts, against spawn',
    `${ratio.toFixed(3)} (${detail})`,
    `≤ ${BOUNDS.startRatio}`,
  )
}

async function stalls(memory) {
  const byStart = []
  const bySpawn = []
  const byNothing = []
  for (let round = 0; round < ROUNDS; round++) {
    byStart.push(await longestStall(() => daemon.start()))
    await daemon.stop()
    let child
    bySpawn.push(
      await longestStall(async () => {
        child = spawnServer()
        await once(child, 'spawn')
      }),
    )
    // The instrument's own share: the same wait for the same server, whose making is over.
    byNothing.push(await longestStall(() => delay(70)))
    await kill(child)
  }
  row(
    `longest stall of the event loop, ${memory}: only waiting while a server boots`,
    ms(median(byNothing)),
    '',
  )
  row(`longest stall of the event loop, ${memory}: start()`, ms(median(byStart)), '')
  row(
    `longest stall of the event loop, ${memory}: start(), above only waiting`,
    ms(median(byStart) - median(byNothing)),
    `≤ ${BOUNDS.stall} ms`,
  )
  row(`longest stall of the event loop, ${memory}: spawn`, ms(median(bySpawn)), '')
}

async function statusAgainstRead() {
  await daemon.start()
  const asked = []
  const read = []
  // In batches: one call alone is near the clock's own cost.
  const batch = 50
  for (let round = 0; round < ROUNDS; round++) {
    asked.push(
      await timed(async () => {
        for (let call = 0; call < batch; call++) await daemon.status()
      }),
    )
    read.push(
      await timed(() => {
        for (let call = 0; call < batch; call++) readFileSync(pidFile)
      }),
    )
  }
  await daemon.stop()
  const each = (values) => `${((median(values) / batch) * 1000).toFixed(1)} µs`
  const ratio = median(asked) / median(read)
  row(
    'status(), against readFileSync of the pidfile',
    `${ratio.toFixed(2)} (${each(asked)} : ${each(read)})`,
    `≤ ${BOUNDS.status}`,
  )
}

/** From the instant at which the kernel shows the daemon as dead, which a thread that looks all the time notes. */
async function deathUntilStopped() {
  const times = []
  const observer = new Worker(here('observer.js'))
  for (let round = 0; round < ROUNDS; round++) {
    const { pid } = await daemon.start()
    observer.postMessage(pid)
    await once(observer, 'message')
    const death = once(observer, 'message')
    await daemon.stop()
    const stopped = performance.timeOrigin + performance.now()
    const [died] = await death
    times.push(stopped - died)
  }
  await observer.terminate()
  row("the daemon's death until stop() resolves", ms(median(times)), `≤ ${BOUNDS.stop} ms`)
}

async function imports() {
  const package_ = []
  const empty = []
  const run = promisify(execFile)
  const time = async (target) => {
    const { stdout } = await run(process.execPath, [here('import.js'), target])
    return Number(stdout)
  }
  for (let round = 0; round < ROUNDS; round++) {
    package_.push(await time(here('../dist/index.js')))
    empty.push(await time(here('idle.js')))
  }
  row(
    'import of the package, above an empty module',
    ms(median(package_) - median(empty)),
    `≤ ${BOUNDS.import} ms`,
  )
}

function memoryOf(pid) {
  // Pss: pages that several processes share count once.
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]) / 1024
}

async function memory() {
  const asDaemon = []
  const byHand = []
  const before = processes()
  let extra = 0
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawnServer()
    await untilAccepts(port)
    await delay(20)
    byHand.push(memoryOf(child.pid))
    await kill(child)
    const { pid } = await daemon.start()
    await delay(20)
    asDaemon.push(memoryOf(pid))
    extra = Math.max(extra, processes() - before - 1)
    await daemon.stop()
  }
  const difference = median(asDaemon) - median(byHand)
  row(
    "the daemon's memory, above the same server by hand",
    `${difference.toFixed(2)} MB`,
    `≤ ${BOUNDS.memory} MB`,
  )
  row('processes beside the daemon after start()', String(extra), String(BOUNDS.processes))
}

async function logs() {
  const time = await burstUntilRotation(folder, ROUNDS)
  row(
    'a burst after a quiet time: from too large a log until it is rotated',
    ms(time),
    `≤ ${BOUNDS.rotation} ms`,
  )
  const { watched, plain } = await writingSpeed(folder, ROUNDS)
  const each = (lines) => `${lines.toFixed(0)} lines/ms`
  row(
    'writing to a log with maxSize, not reached, against one without',
    `${(watched / plain).toFixed(3)} (${each(watched)} : ${each(plain)})`,
    `≥ ${BOUNDS.writing}`,
  )
}

async function onDemand() {
  const warm = await warmConnects(folder, ROUNDS)
  const ratio = median(warm.byConnect) / median(warm.byHand)
  const micro = (value) => `${(value * 1000).toFixed(0)} µs`
  row(
    'connect() to a running daemon, against net.connect and a byte back',
    `${ratio.toFixed(2)} (${micro(median(warm.byConnect))} : ${micro(median(warm.byHand))})`,
    `≤ ${BOUNDS.connect}`,
  )
  const cold = await coldConnects(folder, ROUNDS)
  const [byConnect, byHand] = [median(cold.byConnect), median(cold.byHand)]
  row(
    'connect() that starts the daemon, above spawn with a preload and attempts',
    `${ms(byConnect - byHand)} (${ms(byConnect)} : ${ms(byHand)})`,
    `≤ ${BOUNDS.coldConnect} ms`,
  )
}

/** All processes that this run has made, directly or not: they inherit its mark. */
function processes() {
  const marked = (pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`BENCH_FOLDER=${folder}`)
    } catch {
      return false
    }
  }
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && marked(name)).length
}

try {
  await startAgainstSpawn()
  await stalls('50 MB')
  const ballast = Array.from({ length: 16 }, () => Buffer.alloc(64 * 1024 * 1024, 1))
  await stalls('1 GB')
  // Held until here.
  ballast.length = 0
  await statusAgainstRead()
  await deathUntilStopped()
  await imports()
  if (process.platform === 'linux') await memory()
  await logs()
  await onDemand()
} finally {
  await daemon.stop()
  rmSync(folder, { recursive: true, force: true })
}
console.log(
  `Node ${process.version}, ${process.platform}-${process.arch}, medians of ${ROUNDS} rounds in turn`,
)
console.table(table)
