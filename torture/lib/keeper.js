/** Keepers and their bodies, as they are seen from outside. */

import { allPids, isDead, isEnding, isKeeperIn, isMarked } from '../../scripts/lib/processes.js'
import { statOf } from '../../scripts/lib/stat.cjs'
import { entriesOf } from './lives.js'

/** The variable that a round's processes inherit, but for the keeper. */
export const ROUND = 'TORTURE_ROUND'

/** From the keeper's death to that of its bodies, in milliseconds. */
const SOON = 1_000

/** The keepers of the folder, and those that will be their bodies and have not executed yet, which look like them. */
function keepersAndClones(folder) {
  const all = allPids().filter((pid) => isKeeperIn(folder, pid) && !isDead(pid))
  const parents = new Map(all.map((pid) => [pid, statOf(pid)?.ppid]))
  const isClone = (pid) => parents.has(parents.get(pid))
  return { keepers: all.filter((pid) => !isClone(pid)), clones: all.filter(isClone) }
}

export const keepersIn = (folder) => keepersAndClones(folder).keepers

/** The processes of the round that are children of that keeper. */
export function bodiesOf(keeper, folder) {
  const ours = (pid) => statOf(pid)?.ppid === keeper && !isDead(pid)
  return allPids().filter((pid) => ours(pid) && (isMarked(pid, folder, ROUND) || isKeeperIn(folder, pid)))
}

/** Looks every few milliseconds whether there is more than one keeper. */
export class KeeperWatch {
  #timer

  constructor(folder, fail) {
    this.#timer = setInterval(() => {
      const living = keepersIn(folder).filter((pid) => !isEnding(pid))
      // A look goes from one process to the next: what it has found must be there at once.
      if (living.length > 1 && living.every((pid) => !isEnding(pid))) fail(`two keepers at once: ${living}`)
    }, 20)
  }

  end() {
    clearInterval(this.#timer)
  }
}

/**
 * What must hold when a keeper has been killed: its bodies end soon, and nobody finds the lock free while one lives.
 *
 * @param bodies those that it had
 */
export async function judgeDeath({ daemon, bodies, fail, what }) {
  const begun = performance.now()
  for (;;) {
    const { state } = await daemon.status()
    const living = bodies.filter((pid) => !isEnding(pid))
    // The look at the lock was before: who lives now has lived then.
    if (state === 'stopped' && living.length > 0) fail(`${what}: the lock is free while ${living} live`)
    if (living.length === 0) return
    if (performance.now() - begun > SOON) {
      fail(`${what}: ${living} live ${SOON} ms after their keeper's death`)
      return
    }
  }
}

/** What bodies have told of those that they have met. */
export function* problemsOfBodies({ records }) {
  for (const { what, pid, place, of } of entriesOf(records)) {
    if (what !== 'overlap') continue
    yield of === undefined
      ? `two bodies at once: ${pid} is another ${place}`
      : `two bodies at once: ${pid} has begun while ${of} lived, which another keeper had`
  }
}
