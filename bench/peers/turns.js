/** Measures in turn, A B C A B C …, so that the machine's other work hits all subjects alike. */

import { median } from '../measure.js'

/** The samples of each series of each peer, and the failures. */
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

  /** Undefined if there are no samples. */
  median(peer, series) {
    const values = this.of(peer, series)
    return values.length === 0 ? undefined : median(values)
  }
}

/**
 * Calls `measure` of all subjects, round by round. A subject that fails is left out of later rounds; its samples stay.
 * @param subjects `{ name, measure(round) }`
 * @param say prints a failure
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
