/** When clients ask. */

import { setTimeout as delay } from 'node:timers/promises'

/** So many clients, each of which asks again after a random pause of up to `pause` ms. */
export async function inTurn(load, count, pause, ask) {
  const client = async () => {
    while (!load.isOver) {
      await ask()
      await delay(Math.random() * pause)
    }
  }
  await Promise.all(Array.from({ length: count }, client))
}

/** Asks `load.rate` times a second, whether or not there are answers. */
export async function atRate(load, ask) {
  const pending = new Set()
  const begun = performance.now()
  for (let asked = 0; !load.isOver; await delay(1)) {
    for (const due = ((performance.now() - begun) * load.rate) / 1000; asked < due; asked++) {
      const asking = ask().then(() => pending.delete(asking))
      pending.add(asking)
    }
  }
  await Promise.all(pending)
}
