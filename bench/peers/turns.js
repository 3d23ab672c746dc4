/** Everything is measured in turn, A B C A B C …, so that what the machine does besides hits all alike. */

import { median } from '../measure.js'

/** The samples of each series of each peer, and why a series broke off. */
export class Samples {
  #all = new Map()
  failures = []

  add(peer, series, value) {
    const key = JSON.stringify([peer, series])
    this.#all.set(key, [...(this.#all.get(key) ?? []), value])
  }

  of(peer, series) {
    return this.#all.get(JSON.stringify([peer, series])) ?? []
  }

  /** `undefined`: not measured. */
  median(peer, series) {
    const values = this.of(peer, series)
    return values.length === 0 ? undefined : median(values)
  }
}

/**
 * The subjects, round by round. One that fails is told of and left out of the rounds that follow; what it has measured
 * until then is kept.
 * @param subjects `{ name, measure(round) }`
 * @param say is told of a failure as it comes
 */
export async function inTurn(rounds, subjects, failures, what, say = console.error) {
  const out = new Set()
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      if (out.has(subject)) continue
      try {
        await subject.measure(round)
      } catch (error) {
        out.add(subject)
        failures.push({ peer: subject.name, what, reason: error.message })
        say(`${subject.name}, ${what}: ${error.stack}`)
      }
    }
  }
}
