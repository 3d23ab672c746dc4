/**
 * Counts questions for listeners. Runs in the daemon. It is loaded before a script, so it imports nothing of Node's.
 */

import { isBeingRemoved } from './kept-listeners.js'

const QUESTIONS = ['listeners', 'rawListeners', 'listenerCount'] as const

/**
 * Counts how often code asks `process` for the event's listeners. The function that it gives ends the count and returns
 * it. A question of Node's own, when a listener goes, does not count.
 */
export function countQuestions(event: string): () => number {
  let asked = 0
  const undo = QUESTIONS.map((name) =>
    wrap(name, (about) => {
      if (about === event && !isBeingRemoved()) asked++
    }),
  )
  return () => {
    for (const one of undo) one()
    return asked
  }
}

/** Calls `hear` with each question's first argument, until the function that it gives is called. */
function wrap(name: (typeof QUESTIONS)[number], hear: (about: unknown) => void): () => void {
  const answer: unknown = process[name]
  if (typeof answer !== 'function') return () => {}
  const own = Object.getOwnPropertyDescriptor(process, name)
  const value = function (this: unknown, ...args: unknown[]): unknown {
    hear(args[0])
    return Reflect.apply(answer, this, args)
  }
  Object.defineProperty(process, name, { value, writable: true, configurable: true, enumerable: false })
  return () => {
    // Unless other code has wrapped it since: its wrapper would be lost.
    if (Reflect.get(process, name) !== value) return
    if (own === undefined) Reflect.deleteProperty(process, name)
    else Object.defineProperty(process, name, own)
  }
}
