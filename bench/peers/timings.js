/** How long the verbs take, by API and by command. */

import { endByHand, listening, ms } from './lab.js'
import { untilDead } from './processes.js'
import { inTurn } from './turns.js'

/** Statuses in a row: one by API is near the clock's own cost. */
const BATCH = 20
/** A stop that is ignored takes a second and more: so few rounds of it show what there is to see. */
const STUBBORN_ROUNDS = 5

/** One life of an app: `note(verb, ms)` is told each verb's time. */
async function life(lab, peer, kind, note, mode) {
  const app = await peer.app(mode)
  const perform = async (verb, more) => {
    await lab.idle.wait()
    return await peer[kind](verb, app, more)
  }
  try {
    const start = await perform('start')
    const first = await listening(app)
    note('start', ms(first.listening - start.begin))
    if (peer.adapter.tellsReady === 'always' && kind === 'api') note('ready', ms(start.end - start.begin))
    if (peer.has(kind, 'status') && mode === 'plain') {
      const repeat = kind === 'api' ? BATCH : 1
      const status = await perform('status', { repeat })
      note('status', ms(status.end - status.begin) / repeat)
    }
    let last = first
    if (peer.has(kind, 'restart') && mode === 'plain') {
      const restart = await perform('restart')
      last = await listening(app, 2)
      note('restart', ms(last.listening - restart.begin))
    }
    if (!peer.has(kind, 'stop')) return await endByHand(last.pid)
    const stop = await perform('stop')
    await untilDead(last.pid)
    // Until the caller knows, and the app has gone.
    const gone = process.hrtime.bigint()
    note('stop', ms((isLate(stop.end, gone) ? gone : stop.end) - stop.begin))
  } finally {
    await peer.clean(app)
  }
}

/** Whether the app lived on after the stop's own end, and not only until it was looked at. */
const isLate = (end, gone) => ms(gone - end) > 1

async function verbs(lab, kind) {
  const able = lab.peers.filter((peer) => peer.has(kind, 'start'))
  const subjects = able.map((peer) => ({
    name: peer.name,
    measure: (round) =>
      life(
        lab,
        peer,
        kind,
        // The first round is a warm-up: it loads files, and makes pm2's god.
        (verb, time) => round > 0 && lab.samples.add(peer.name, `${verb}.${kind}`, time),
        'plain',
      ),
  }))
  await inTurn(lab.rounds + 1, subjects, lab.samples.failures, `verbs by ${kind}`)
}

/** Where it must be asked for. */
async function readiness(lab) {
  const asked = lab.peers.filter((peer) => peer.adapter.tellsReady === 'asked')
  const subjects = asked.map((peer) => ({
    name: peer.name,
    async measure() {
      const app = { ...(await peer.app()), waits: true }
      try {
        await lab.idle.wait()
        const { begin, end } = await peer.api('start', app)
        await listening(app)
        lab.samples.add(peer.name, 'ready.api', ms(end - begin))
      } finally {
        await peer.clean(app)
      }
    },
  }))
  await inTurn(lab.rounds, subjects, lab.samples.failures, 'a start that tells when it is ready')
}

/** A stop of an app that ignores SIGTERM, where the peer can be told to wait for a second. */
async function stubborn(lab) {
  const able = lab.peers.filter((peer) => peer.has('api', 'stop') || peer.has('command', 'stop'))
  const subjects = able.map((peer) => ({
    name: peer.name,
    measure: () =>
      life(
        lab,
        peer,
        peer.has('api', 'stop') ? 'api' : 'command',
        (verb, time) => verb === 'stop' && lab.samples.add(peer.name, 'stop.stubborn', time),
        'stubborn',
      ),
  }))
  const rounds = Math.min(lab.rounds, STUBBORN_ROUNDS)
  await inTurn(rounds, subjects, lab.samples.failures, 'a stop that is ignored')
}

/** What a start costs the launcher's own event loop, which grows with its memory where it is copied. */
export async function stallOf(lab, peer, megabytes) {
  const app = await peer.app()
  try {
    await peer.tell({ verb: 'weigh', megabytes })
    await lab.idle.wait()
    const { stall } = await peer.api('start', app, { stall: true })
    await listening(app)
    return stall
  } finally {
    await peer.tell({ verb: 'weigh', megabytes: 0 })
    await peer.clean(app)
  }
}

/** What is added to a launcher, which has some 50 MB by itself. */
export const WEIGHTS = { '50 MB': 0, '1 GB': 960 }

async function stalls(lab) {
  const able = lab.peers.filter((peer) => peer.has('api', 'start'))
  const subjects = able.flatMap((peer) =>
    Object.entries(WEIGHTS).map(([size, megabytes]) => ({
      name: peer.name,
      measure: async () => lab.samples.add(peer.name, `stall.${size}`, await stallOf(lab, peer, megabytes)),
    })),
  )
  await inTurn(lab.rounds, subjects, lab.samples.failures, "the launcher's stall")
}

export async function timings(lab) {
  await verbs(lab, 'api')
  await verbs(lab, 'command')
  await readiness(lab)
  await stubborn(lab)
  await stalls(lab)
}
