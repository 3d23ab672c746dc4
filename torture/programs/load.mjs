// Clients of several kinds at one server, until SIGTERM; then they finish what they have begun. Argument: the settings
// as JSON, `{ port, path, kinds, rate, isTls }` (see lib/load.js). Prints `begun` when each kind has been answered,
// `by PID` when a process answers for the first time, and in the end the outcome as JSON.
import { setTimeout as delay } from 'node:timers/promises'
import { KINDS } from './load/kinds.mjs'

/** How long what was begun may take to end, in milliseconds. */
const HANG = 20_000

const settings = JSON.parse(process.argv[2])
const load = {
  ...settings,
  at: settings.path === undefined ? { host: '127.0.0.1', port: settings.port } : { path: settings.path },
  isOver: false,
}
const tallies = Object.fromEntries(
  settings.kinds.map((kind) => [kind, { answers: 0, errors: {}, slowest: 0, by: {} }]),
)
let isBegun = false

const servers = new Set()

function served(pid) {
  if (servers.has(pid)) return
  servers.add(pid)
  console.log(`by ${pid}`)
}

/** Makes one request, and notes its outcome. */
async function one(kind, request) {
  const tally = tallies[kind]
  const begun = performance.now()
  try {
    const pid = await request()
    tally.answers++
    tally.slowest = Math.max(tally.slowest, performance.now() - begun)
    if (pid !== undefined) {
      tally.by[pid] = (tally.by[pid] ?? 0) + 1
      served(pid)
    }
  } catch (error) {
    const what = error.code ?? error.message
    tally.errors[what] = (tally.errors[what] ?? 0) + 1
  }
  if (isBegun || !Object.values(tallies).every(({ answers }) => answers > 0)) return
  isBegun = true
  console.log('begun')
}

process.once('SIGTERM', () => {
  load.isOver = true
})
const all = settings.kinds.map((kind) => KINDS[kind](load, (request) => one(kind, request)))
const late = new AbortController()
const untilHang = async () => {
  while (!load.isOver) await delay(10)
  return await delay(HANG, true, { signal: late.signal }).catch(() => false)
}
const hangs = await Promise.race([Promise.all(all), untilHang()])
console.log(JSON.stringify({ hangs: hangs === true, tallies }))
process.exit()
