/** Bodies, and in the end their keeper, are killed at random times, while programs are replaced and clients ask. */

import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../bench/measure.js'
import { isDead, kill, marked, until } from '../../scripts/lib/processes.js'
import { daemonOf, targetIn } from '../lib/daemon.js'
import { bodiesOf, judgeDeath, KeeperWatch, keepersIn, problemsOfBodies, ROUND } from '../lib/keeper.js'
import { loadOf } from '../lib/load.js'

/** What may be done to the daemon. */
const OPERATIONS = {
  upgrade: ({ daemon }) => daemon.upgrade(),
  body: ({ keeper, folder, random, died }) => {
    const bodies = bodiesOf(keeper, folder)
    if (bodies.length === 0) return
    kill(random.pick(bodies))
    died.push('body')
  },
  signal: ({ keeper }) => kill(keeper, 'SIGHUP'),
  status: ({ daemon }) => daemon.status(),
}
const NAMES = [...Object.keys(OPERATIONS), 'upgrade', 'body']

/** Errors that an upgrade may have, whose bodies are killed. */
const EXPECTED = ['ERR_DAEMON_START_FAILED', 'ERR_DAEMON_UPGRADE_IN_PROGRESS', 'ERR_DAEMON_NOT_RUNNING']

/** One round. Gives who was killed. */
export async function randomRound({ facade, folder, random, fail }) {
  const { Daemon } = await import(facade)
  const port = await freePort()
  const target = { ...targetIn(folder, 'kept'), port, variables: { [ROUND]: folder } }
  const daemon = daemonOf(Daemon, target)
  const watch = new KeeperWatch(folder, fail)
  const died = []
  try {
    const { pid: keeper } = await daemon.start()
    const context = { daemon, keeper, folder, random, died }
    const pending = []
    const operate = (name) => {
      const doing = Promise.resolve(OPERATIONS[name](context)).catch((error) => {
        if (!EXPECTED.includes(error.code)) fail(`${name}: ${error.stack}`)
      })
      pending.push(doing)
    }
    const load = await loadOf({ port, kinds: ['fresh', 'kept', 'lazy'], rate: 50 })
    for (let count = 0; count < 12; count++) {
      operate(random.pick(NAMES))
      await delay(random.int(120))
    }
    const { errors, hangs } = await load.stop()
    const refused = Object.entries(errors).filter(([what]) => what.includes('ECONNREFUSED'))
    if (refused.length > 0) fail(`${JSON.stringify(refused)} while the keeper lived`)
    if (hangs) fail('a request has no end')
    if (isDead(keeper)) fail('the keeper has ended')
    operate(random.pick(NAMES))
    await delay(random.int(200))
    const bodies = bodiesOf(keeper, folder)
    kill(keeper)
    died.push('keeper')
    await judgeDeath({ daemon, bodies, fail, what: 'the keeper' })
    await Promise.all(pending)
    await daemon.start()
    await daemon.stop()
    await until(() => marked(folder, ROUND).length === 0, 'the end of all processes')
    if (keepersIn(folder).length > 0) fail('a keeper is left')
    const left = readdirSync(folder).filter((name) => !name.startsWith('records'))
    if (left.length > 0) fail(`files are left: ${left.join(' ')}`)
    for (const text of problemsOfBodies(target)) fail(text)
    return died
  } finally {
    watch.end()
  }
}
