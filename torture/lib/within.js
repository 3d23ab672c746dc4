/** A deadline for a verb that may hang. */

import { setTimeout as delay } from 'node:timers/promises'

/** What the promise gives; `{ hang: true }` if it gives nothing for so many milliseconds. */
export async function within(promise, deadline) {
  const late = new AbortController()
  const hang = delay(deadline, { hang: true }, { signal: late.signal }).catch(() => {})
  try {
    return await Promise.race([promise, hang])
  } finally {
    late.abort()
  }
}
