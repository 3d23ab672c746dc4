/** How the states of a daemon are told to people. */

import type { Status } from '../types/status.js'
import type { Colour, Output } from './output.js'

type Word = 'running' | 'starting' | 'stopped' | 'crashed' | 'unverified'

const COLOURS: Readonly<Record<Word, Colour | undefined>> = {
  running: 'green',
  starting: 'yellow',
  stopped: undefined,
  crashed: 'red',
  unverified: 'yellow',
}

/** In one word. */
export function stateWord(status: Status): Word {
  if (status.state === 'running') return status.starting === true ? 'starting' : 'running'
  if (status.state === 'stopped') return status.stale ? 'crashed' : 'stopped'
  return status.state
}

/** The word in its colour. `shown` is the word as it is to be seen, where that is not all. */
export function coloured(out: Output, status: Status, shown: string = stateWord(status)): string {
  const colour = COLOURS[stateWord(status)]
  return colour === undefined ? shown : out.colour(colour, shown)
}
