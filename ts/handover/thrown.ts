/**
 * Reads thrown values safely. A program can throw anything: a read of a property may throw, and so may `instanceof`.
 * Runs in both processes, as part of what is loaded before a script.
 */

import { toldText } from './told-text.js'

const UNSHOWABLE = 'something was thrown that cannot be shown'

/** Whether the value is an instance of that class; false for a proxy whose traps throw. */
export function isA<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type
  } catch {
    return false
  }
}

/** A property; undefined if there is none, or if it cannot be read. */
export function propertyOf(value: unknown, key: string): unknown {
  try {
    return isObject(value) ? Reflect.get(value, key) : undefined
  } catch {
    return undefined
  }
}

/** A property that is a string; undefined for any other property. */
export function textOf(value: unknown, key: string): string | undefined {
  const found = propertyOf(value, key)
  return typeof found === 'string' ? toldText(found) : undefined
}

/** An error, or a value that looks like one: an error of another context is no instance of this context's class. */
export function isErrorLike(value: unknown): boolean {
  return isA(value, Error) || has(value, 'stack') || has(value, 'message')
}

/** The message: an error's own, or any other value as text. */
export function messageOf(value: unknown): string {
  if (isErrorLike(value)) return textOf(value, 'message') ?? lineOf(value)
  try {
    return toldText(String(value))
  } catch {
    return lineOf(value)
  }
}

/** The value for people, as Node.js shows it, with an error's stack; or else as much as can be read. */
export function shown(value: unknown): string {
  try {
    const text = process.getBuiltinModule('node:util').inspect(value)
    const message = propertyOf(value, 'message')
    // If Node.js cannot make the text of an error, it shows the error without its message.
    return toldText(typeof message === 'string' && !text.includes(message) ? `${message} ${text}` : text)
  } catch {
    return textOf(value, 'stack') ?? textOf(value, 'message') ?? UNSHOWABLE
  }
}

/** One line for a value that has no text. */
function lineOf(value: unknown): string {
  const found = textOf(value, 'stack') ?? shown(value)
  if (found === UNSHOWABLE) return found
  return `${UNSHOWABLE} as text: ${found.replaceAll(/\s*\n\s*/g, ' ')}`
}

function has(value: unknown, key: string): boolean {
  try {
    return isObject(value) && key in value
  } catch {
    return false
  }
}
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
