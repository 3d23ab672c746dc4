/** Measures the time of the verbs, by API and by command, and the launcher's stalls. */

import { untilDead } from '../../scripts/lib/processes.js'
import { endByHand, listening, ms } from './lab.js'
import { inTurn } from './turns.js'

/** Statuses in a row: a single one by API costs hardly more than the clock. */
const BATCH = 20
/** The most rounds of stops that an app ignores, each of which takes a second and more. */
const STUBBORN_ROUNDS = 5

/** Measures one life of an app, and calls `note(verb, ms)` for each verb. */
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
    // The later one of two moments: the caller knows, the app is gone.
    const gone = process.hrtime.bigint()
    note('stop', ms((isLate(stop.end, gone) ? gone : stop.end) - stop.begin))
  } finally {
    await peer.clean(app)
  }
}

/** Tells whether the app lived on after the stop's end. A gap of up to 1 ms is the look's own. */
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
        // The first round is a warm-up, which loads files and makes pm2's god.
        (verb, time) => round > 0 && lab.samples.add(peer.name, `${verb}.${kind}`, time),
        'plain',
      ),
  }))
  await inTurn(lab.rounds + 1, subjects, lab.samples.failures, `verbs by ${kind}`)
}

/** Measures starts that wait for readiness only if they are asked to. */
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

/** Measures stops of an app that ignores SIGTERM. Peers with a setting for it wait for a second. */
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

/** Gives the longest stall of the launcher's event loop during a start. A fork's grows with the memory. */
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

/** The MB that are added to a launcher, which has about 50 MB by itself. */
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
