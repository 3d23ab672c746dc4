/** The musts of daimon: differences and ratios of medians, measured in turn, each with a bound. */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { kill, privateMemory, untilDead } from '../../scripts/lib/processes.js'
import { BOUNDS } from '../bounds.js'
import { median, timed } from '../measure.js'
import { isOfNpm } from './adapters/index.js'
import { endByHand, listening, ms } from './lab.js'
import { stallOf, WEIGHTS } from './timings.js'
import { inTurn } from './turns.js'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const run = promisify(execFile)
/** Calls in a row: a single call costs hardly more than the clock. */
const BATCH = 50
/** The time from `listening` to the look at the memory, which has settled by then, ms. */
const SETTLED = 200

/** A row of the table. An undefined value could not be measured. */
const row = (name, value, unit, bound, detail = '') => ({
  name,
  value,
  unit,
  bound,
  met: value === undefined ? undefined : value <= bound,
  detail,
})

/** Calls each function in turn, round by round, and gives the median of its results; undefined after a failure. */
async function medians(lab, what, measures) {
  const values = Object.fromEntries(Object.keys(measures).map((name) => [name, []]))
  const subjects = Object.entries(measures).map(([name, measure]) => ({
    name,
    async measure() {
      await lab.idle.wait()
      values[name].push(await measure())
    },
  }))
  await inTurn(lab.rounds, subjects, lab.samples.failures, what)
  const found = Object.entries(values).map(([name, all]) => [name, all.length ? median(all) : undefined])
  return Object.fromEntries(found)
}

const minus = (a, b) => (a === undefined || b === undefined ? undefined : a - b)
const per = (a, b) => (a === undefined || b === undefined ? undefined : a / b)

/** Calls `measure` with an app of the peer, and cleans up. */
async function withApp(peer, measure) {
  const app = await peer.app()
  try {
    return await measure(app)
  } finally {
    await peer.clean(app)
  }
}

async function starts(lab, daimon, bare) {
  const late = []
  const from = (peer) => () =>
    withApp(peer, async (app) => {
      const { begin, end } = await peer.api('start', app)
      const first = await listening(app)
      if (peer === daimon) late.push(ms(end - first.listening))
      return ms(first.listening - begin)
    })
  const time = await medians(lab, 'start()', { daimon: from(daimon), bare: from(bare) })
  return [
    row(
      '`start()` until the port accepts − bare spawn with an empty --require',
      minus(time.daimon, time.bare),
      'ms',
      BOUNDS.start,
    ),
    row(
      "`start()` resolves − the server's own `listening`",
      late.length ? median(late) : undefined,
      'ms',
      BOUNDS.ready,
    ),
  ]
}

async function stalls(lab, daimon) {
  const rows = []
  for (const [size, megabytes] of Object.entries(WEIGHTS)) {
    let lasted = 100
    const stall = await medians(lab, `stall, ${size}`, {
      async start() {
        const begin = performance.now()
        const longest = await stallOf(lab, daimon, megabytes)
        lasted = Math.min(lasted, performance.now() - begin)
        return longest
      },
      async nothing() {
        await daimon.tell({ verb: 'weigh', megabytes })
        await lab.idle.wait()
        return (await daimon.tell({ verb: 'nothing', ms: lasted, stall: true })).stall
      },
    })
    const name = `longest stall of the launcher's loop in a start − without a start, ${size}`
    rows.push(row(name, minus(stall.start, stall.nothing), 'ms', BOUNDS.stall))
  }
  await daimon.tell({ verb: 'weigh', megabytes: 0 })
  return rows
}

/** `daimon start` against the fastest command of npm's peers. */
async function commandStarts(lab, daimon) {
  const others = lab.peers.filter((peer) => isOfNpm(peer.adapter) && peer.has('command', 'start'))
  const of = (peer) => () =>
    withApp(peer, async (app) => {
      const { begin } = await peer.command('start', app)
      return ms((await listening(app)).listening - begin)
    })
  // A warm-up: pm2's first start also makes its god.
  for (const peer of others) await of(peer)().catch(() => {})
  const measures = Object.fromEntries([daimon, ...others].map((peer) => [peer.name, of(peer)]))
  const { daimon: own, ...theirs } = await medians(lab, 'start by command', measures)
  const [fastest] = Object.entries(theirs)
    .filter(([, time]) => time !== undefined)
    .toSorted(([, a], [, b]) => a - b)
  const name = "`daimon start` until the port accepts − the fastest npm peer's command"
  return [row(name, minus(own, fastest?.[1]), 'ms', BOUNDS.commandStart, fastest?.[0])]
}

async function commands(lab, daimon) {
  const started = async () => {
    const app = await daimon.app()
    await daimon.api('start', app)
    return { app, pid: (await listening(app)).pid }
  }
  const ended = (measure) => async () => {
    const one = await started()
    try {
      return await measure(one)
    } finally {
      await daimon.clean(one.app)
    }
  }
  const time = await medians(lab, 'commands', {
    node: () => timed(() => once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')),
    status: ended(async (one) => {
      const { begin, end } = await daimon.command('status', one.app)
      return ms(end - begin)
    }),
    stop: ended(async (one) => {
      const { begin, end } = await daimon.command('stop', one.app)
      return ms(end - begin)
    }),
    // The process's own end after SIGTERM, by hand.
    end: ended((one) =>
      timed(async () => {
        kill(one.pid, 'SIGTERM')
        await untilDead(one.pid)
      }),
    ),
  })
  return [
    row('`daimon status` ÷ `node -e 0`', per(time.status, time.node), '', BOUNDS.command),
    row(
      "`daimon stop` without the process's own end ÷ `node -e 0`",
      per(minus(time.stop, time.end), time.node),
      '',
      BOUNDS.command,
    ),
  ]
}

async function imports(lab) {
  const of = (module_) => async () => {
    const { stdout } = await run(process.execPath, [here('../import.js'), module_])
    return Number(stdout)
  }
  const time = await medians(lab, 'import', {
    package: of(here('../../dist/index.js')),
    empty: of(here('../idle.js')),
  })
  return [
    row('import of the package − an empty module', minus(time.package, time.empty), 'ms', BOUNDS.import),
  ]
}

const statusAgainstRead = (lab, daimon) =>
  withApp(daimon, async (app) => {
    await daimon.api('start', app)
    const each = (verb) => async () => {
      const { begin, end } = await daimon.tell({ verb, app, repeat: BATCH })
      return ms(end - begin) / BATCH
    }
    const time = await medians(lab, 'status()', { status: each('status'), read: each('read') })
    return [row('`status()` ÷ `readFileSync` of the pidfile', per(time.status, time.read), '', BOUNDS.status)]
  })

/** The private memory of a server that became a daemon by `daemonize()`, against the same server by hand. */
async function memory(lab, daimon) {
  const of = (isDaemon) => async () => {
    const app = await daimon.app()
    const daemon = isDaemon ? [app.pidFile, new URL('../../dist/index.js', import.meta.url).href] : []
    const args = [here('programs/inline.mjs'), '0', app.record, ...daemon]
    const child = spawn(process.execPath, args, { env: daimon.env, stdio: 'ignore' })
    const exit = once(child, 'exit')
    const { pid } = await listening(app)
    await delay(SETTLED)
    const taken = privateMemory(pid)
    await endByHand(pid)
    await exit
    await daimon.clean(app)
    return taken
  }
  const taken = await medians(lab, 'memory', { daemon: of(true), byHand: of(false) })
  const name = "an inline server's private memory − the same by hand"
  return [row(name, minus(taken.daemon, taken.byHand), 'MB', BOUNDS.memory)]
}

/** Gives the rows; none if daimon or the bare spawn is not among the peers. */
export async function musts(lab) {
  const [daimon, bare] = ['daimon', 'spawn, empty --require'].map((name) => lab.peer(name))
  if (daimon === undefined || bare === undefined) return []
  return [
    ...(await starts(lab, daimon, bare)),
    ...(await stalls(lab, daimon)),
    ...(await commandStarts(lab, daimon)),
    ...(await commands(lab, daimon)),
    ...(await imports(lab)),
    ...(await statusAgainstRead(lab, daimon)),
    ...(await memory(lab, daimon)),
  ]
}
