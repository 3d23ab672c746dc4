/** Properties: what holds for all values of a kind, tried with many of them. */

import fc from 'fast-check'

/** Another seed than the fixed one, which every run of the tests has. */
const seed = Number(process.env.PROPERTY_SEED ?? 1)

/**
 * Tries a property with so many values. A failure has the smallest of them for which it does not hold, and the seed: set
 * PROPERTY_SEED to try others.
 */
export async function holds(property, runs) {
  await fc.assert(property, { seed, numRuns: runs, includeErrorInReport: true })
}
