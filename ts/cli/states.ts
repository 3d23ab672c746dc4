/** How the states of a daemon are told to people: the one place that has the words. */

import type { ExitInfo, Running, Status, Stopped, StopResult, Unverified } from '../types/status.js'
import type { Colour, Output } from './output.js'

type Word = 'running' | 'starting' | 'restarting' | 'stopping' | 'stopped' | 'crashed' | 'unverified'

const COLOURS: Readonly<Record<Word, Colour | undefined>> = {
  running: 'green',
  starting: 'yellow',
  restarting: 'yellow',
  stopping: 'yellow',
  stopped: undefined,
  crashed: 'red',
  unverified: 'yellow',
}

/** In one word. */
export function stateWord(status: Status): Word {
  if (status.state === 'running' && status.stopping === true) return 'stopping'
  if (status.state === 'running' && status.restarting === true) return 'restarting'
  if (status.state === 'running') return status.starting === true ? 'starting' : 'running'
  if (status.state === 'stopped') return status.stale ? 'crashed' : 'stopped'
  return status.state
}

/** The word in its colour. `shown` is the word as it is to be seen, where that is not all. */
export function coloured(out: Output, status: Status, shown: string = stateWord(status)): string {
  const colour = COLOURS[stateWord(status)]
  return colour === undefined ? shown : out.colour(colour, shown)
}

/** The sentence about a state, without the details of a running daemon. */
export function stateSentence(out: Output, who: string, status: Status): string {
  const word = coloured(out, status)
  switch (status.state) {
    case 'running':
      return `${who} is ${word}`
    case 'stopped':
      return stoppedSentence(who, word, status)
    case 'unverified':
      return unverifiedSentence(who, word, status)
  }
}

function stoppedSentence(who: string, word: string, { stale, pidFile }: Stopped): string {
  const path = who === pidFile ? '' : ` (${pidFile})`
  return stale ? `${who} has ${word}: its pidfile is left${path}` : `${who} is ${word}${path}`
}

function unverifiedSentence(who: string, word: string, { reason, pidFile }: Unverified): string {
  return `${who} is ${word}: ${reason} (${pidFile})`
}

export function isRunning(who: string, pid: number): string {
  return `${who} is running with PID ${pid}`
}

export function isAlreadyRunning(who: string, pid: number | undefined): string {
  return `${who} is already running${pid === undefined ? '' : ` with PID ${pid}`}`
}

export function hasUpgraded(who: string, { bodies = [] }: Running): string {
  const generation = Math.max(...bodies.map((body) => body.generation))
  return `${who} has been upgraded${bodies.length === 0 ? '' : `: generation ${generation} serves`}`
}

export function hasLostKeeper(who: string): string {
  return `${who} had a keeper, and has none any more: it needs --respawn, --listen or --instances at each restart`
}

/** How a program has ended, after its name; empty where nobody knows. */
export function endOf({ code, signal }: ExitInfo): string {
  if (signal !== undefined) return `by ${signal}`
  return code === undefined ? '' : `with code ${code}`
}

export function hasEnded(who: string, ended: ExitInfo): string {
  const how = endOf(ended)
  return `${who} has ended already${how && `, ${how}`}`
}

export function hasStopped(who: string, { wasRunning, forced, pidFile }: StopResult): string {
  if (!wasRunning) return `${who} is not running${who === pidFile ? '' : ` (${pidFile})`}`
  return forced ? `${who} did not stop in time and was killed` : `${who} has stopped`
}

/** The end of the sentence after Ctrl-C during a wait: for a daemon that lives on, and for none. */
export interface Interrupted {
  readonly lives: string
  readonly otherwise: string
}

export const START_INTERRUPTED: Interrupted = { lives: 'runs', otherwise: 'was not started' }
export const STOP_INTERRUPTED: Interrupted = {
  lives: 'has been asked to stop, and still runs',
  otherwise: 'has stopped',
}
export const CONNECT_INTERRUPTED: Interrupted = { lives: 'goes on', otherwise: 'does not run' }
export const UPGRADE_INTERRUPTED: Interrupted = {
  lives: 'was not upgraded, and runs',
  otherwise: 'does not run',
}
export const RESTART_INTERRUPTED: Interrupted = {
  lives: 'has been asked to stop, was not started again, and still runs',
  otherwise: 'was not started',
}

export function wasInterrupted(who: string, status: Status, { lives, otherwise }: Interrupted): string {
  const state = status.state === 'running' ? `${lives}, with PID ${status.pid}` : otherwise
  return `${who} ${state}: interrupted`
}
