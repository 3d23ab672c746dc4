/** The rules of keepers, each broken once: the oracle must say so, and must not where nothing is broken. */

import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../bench/measure.js'
import { isDead, kill } from '../../scripts/lib/processes.js'
import { daemonOf, targetIn } from '../lib/daemon.js'
import { bodiesOf, judgeDeath, ROUND } from '../lib/keeper.js'

/** Bodies of so many megabytes take a while to end. */
const WEIGHT = 200

/** What is broken may show in some milliseconds alone. */
const TRIES = 20

/** The keeper is killed. */
async function killKeeper({ daemon, keeper, folder, fail }) {
  const bodies = bodiesOf(keeper, folder)
  kill(keeper)
  await judgeDeath({ daemon, bodies, fail, what: 'the keeper' })
}

/** Signals come while the next body is executed. */
async function signalsAtRespawn({ daemon, keeper, fail }) {
  const [body] = (await daemon.status()).bodies
  kill(body.pid)
  for (;;) {
    kill(keeper, 'SIGHUP')
    const { bodies, respawns, lastExit } = await daemon.status()
    if (lastExit?.signal === 'SIGHUP') {
      fail('a body was ended by SIGHUP, which the program hears')
      return
    }
    if (respawns > 0 && bodies.every(({ ready }) => ready) && isDead(body.pid)) return
    await delay(1)
  }
}

const RULES = {
  'body-lock': ['a body has the lock, too', /the lock is free while \d+/, killKeeper],
  'follow-keeper': ['a body ends with its keeper', /\d+ live 1000 ms after/, killKeeper],
  'hold-signals': ['signals wait until a body hears them', /ended by SIGHUP/, signalsAtRespawn],
}

async function complaintsOf({ facade, folder }, rule, scenario) {
  const { Daemon } = await import(facade)
  const port = await freePort()
  const target = { ...targetIn(folder, 'kept'), port, weight: WEIGHT, variables: { [ROUND]: folder } }
  const daemon = daemonOf(Daemon, target)
  const said = []
  process.env.DAIMON_BROKEN = rule ?? ''
  const { pid: keeper } = await daemon.start().finally(() => {
    delete process.env.DAIMON_BROKEN
  })
  await scenario({ daemon, keeper, folder, fail: (text) => said.push(text) })
  if (rule === undefined) await daemon.stop()
  return said
}

export async function breakRules({ facade, inFolder, note, fail }) {
  for (const [rule, [means, expected, scenario]] of Object.entries(RULES)) {
    const calm = await inFolder(`not ${rule}`, (round) =>
      complaintsOf({ ...round, facade }, undefined, scenario),
    )
    for (const text of calm ?? []) fail(`nothing broken: ${text}`)
    let said = []
    let seen
    for (let tries = 0; seen === undefined && tries < TRIES; tries++) {
      said = (await inFolder(rule, (round) => complaintsOf({ ...round, facade }, rule, scenario))) ?? []
      seen = said.find((text) => expected.test(text))
    }
    if (seen === undefined) fail(`the broken rule ${rule} is not seen, but ${JSON.stringify(said)}`)
    note({ rule: means, broken: rule, by: seen ?? '' })
  }
}
