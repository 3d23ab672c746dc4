/** What the tests of a daemon share that has itself replaced. */

import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'
import { content, DAIMON, fixture, folder, until } from './index.js'

/** A folder with the daemon in it that is restarted by SIGUSR2, and how to start, ask and watch it. */
export function restarting(t, { daimon = DAIMON, env } = {}) {
  const place = folder(t)
  const text = readFileSync(fixture('restart/daemon.mjs'), 'utf8')
  const program = place.write('daemon.mjs', text.replace("'DAIMON'", JSON.stringify(daimon)))
  mkdirSync(place.file('logs'))
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  const lines = (word) =>
    (content(place.file('logs/a.log')) ?? '').split('\n').filter((line) => line.startsWith(word))
  /** What the body has said of itself that has begun as the last one. */
  const last = () => {
    const [, pid, about] = lines('begun')
      .at(-1)
      .match(/^begun (\d+) (.*)$/)
    return { pid: Number(pid), ...JSON.parse(about) }
  }
  const start = async (way, args = [], options = {}) => {
    const given = { OPTIONS: JSON.stringify(options), ...env }
    t.like(await place.node([program, way, ...args], { env: given }), { code: 0, stderr: '' })
    return (await daemon.status()).pid
  }
  /** Asks for a restart, and waits until the next one serves and nobody else is there. */
  const restart = async (order = {}) => {
    const { pid } = await daemon.status()
    place.write('order.json', JSON.stringify(order))
    await daemon.signal('SIGUSR2')
    await until(async () => {
      const found = await daemon.status()
      return found.state === 'running' && found.pid !== pid && found.starting !== true
    }, 'the next daemon')
    const next = (await daemon.status()).pid
    await until(() => place.processes().length === 1, 'the end of the helper')
    t.deepEqual(place.processes(), [next])
    return next
  }
  /** Asks for a restart that is refused; gives with what, when it is sure that the daemon has not changed. */
  const refused = async (order = {}) => {
    const { pid } = await daemon.status()
    rmSync(place.file('answer.json'), { force: true })
    place.write('order.json', JSON.stringify(order))
    await daemon.signal('SIGUSR2')
    const answer = await until(() => content(place.file('answer.json')) || undefined, 'the answer')
    await until(() => place.processes().length === 1, 'the end of what was begun')
    t.like(await daemon.status(), { state: 'running', pid })
    t.deepEqual(lines('stopping'), [])
    return JSON.parse(answer)
  }
  return { ...place, program, daemon, lines, last, start, restart, refused }
}
