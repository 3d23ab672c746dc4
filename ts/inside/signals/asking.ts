/** Who asks who else listens. Part of what is loaded before a script, so it imports nothing of Node's. */

import { isBeingRemoved } from './kept-listeners.js'

const QUESTIONS = ['listeners', 'rawListeners', 'listenerCount'] as const

/**
 * Counts how often `process` is asked who listens for the event, until what it gives is called, which tells. Node.js's
 * own question, whether anybody is left, does not count.
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

/** Calls `hear` with each question's first argument, and gives what ends that. */
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
    // Unless somebody else has wrapped it since, who would be lost.
    if (Reflect.get(process, name) !== value) return
    if (own === undefined) Reflect.deleteProperty(process, name)
    else Object.defineProperty(process, name, own)
  }
}
