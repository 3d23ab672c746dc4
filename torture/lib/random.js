/** Random numbers from a seed, so that a run can be made again. */

/** A generator of numbers in [0, 1): mulberry32, whose whole state is its seed. */
export function randomOf(seed) {
  let state = seed >>> 0
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  /** An integer from 0 to `n` - 1. */
  random.int = (n) => Math.floor(random() * n)
  random.pick = (list) => list[random.int(list.length)]
  /** The seed for a generator of another process. */
  random.seed = () => random.int(2 ** 32)
  return random
}

/** A list in another order. */
export function shuffled(list, random) {
  const rest = [...list]
  return list.map(() => rest.splice(random.int(rest.length), 1)[0])
}
