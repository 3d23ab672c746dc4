/** What the options that need a keeper come to together. Runs in both processes. */

import { named, refused, say } from '../say.js'
import { RESPAWN_PARTS } from './respawn.js'
import type { Given, KeeperSettings, RespawnSettings } from './settings.js'

/** The options that need a keeper, beside `respawn`. */
const IMPLYING = ['listen', 'instances', 'program'] as const

/**
 * How the program is kept; undefined: it is not.
 *
 * @throws InvalidOptionError for options that contradict each other
 */
export function keeperOf(given: Given): KeeperSettings | undefined {
  const { respawn, listen = [], instances = 1, drainTimeout = 30_000, socket } = given
  const implying = IMPLYING.find((option) => given[option] !== undefined)
  if (respawn === false && implying !== undefined) {
    const what = say`is false, but ${named(implying)} needs a keeper`
    throw refused('respawn', respawn, what, say`Leave one of them out, or give 'never'.`)
  }
  if ((respawn === undefined || respawn === false) && implying === undefined) {
    if (given.drainTimeout === undefined) return undefined
    const what = say`is for daemons that can be upgraded, which need ${named('respawn')}`
    throw refused(
      'drainTimeout',
      given.drainTimeout,
      what,
      say`Give ${named('respawn')} too, or leave it out.`,
    )
  }
  const option = respawn === undefined || respawn === false ? implying : 'respawn'
  if (option !== undefined && socket !== undefined && socket !== false) {
    const what = say`cannot be had with ${named('socket')}, whose daemon is started by its clients`
    throw refused(option, given[option], what, 'Leave one of them out.')
  }
  return { respawn: respawn || never(), listen, instances, drainTimeout }
}

/** A keeper for upgrades, sockets or instances alone. */
function never(): RespawnSettings {
  const { delay, maxDelay, limit, window } = RESPAWN_PARTS
  return {
    on: 'never',
    delay: delay.default,
    maxDelay: maxDelay.default,
    limit: limit.default,
    window: window.default,
  }
}
