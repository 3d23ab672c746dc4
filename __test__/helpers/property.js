/** Properties: what holds for all values of a kind, tried with many of them. */

import fc from 'fast-check'

/** Another seed than the fixed one, which every run of the tests has. */
const seed = Number(process.env.PROPERTY_SEED ?? 1)

/**
 * Tries a property with so many values. It must throw where it does not hold, by node:assert: AVA remembers its first
 * failed assertion, and would not show the smallest value for which it does not hold. A failure has that value, and the
 * seed: set PROPERTY_SEED to try others.
 */
export async function holds(t, property, runs) {
  await fc.assert(property, { seed, numRuns: runs })
  t.pass()
}
