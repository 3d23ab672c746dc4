/** Arguments on their way to the daemon. */

import { serialize } from 'node:v8'
import { InvalidOptionError } from './errors.js'

/**
 * The arguments by the structured clone algorithm.
 *
 * @throws InvalidOptionError naming the first that cannot be cloned
 */
export function serializeArgs(args: readonly unknown[]): Buffer {
  try {
    return serialize([...args])
  } catch (cause) {
    const index = args.findIndex((arg) => !canBeSerialized(arg))
    const what = cause instanceof Error ? cause.message : String(cause)
    const message = `Argument ${index} cannot be given to the daemon: ${what} Give plain data.`
    throw new InvalidOptionError(message, { option: `args[${index}]`, value: args[index], cause })
  }
}

function canBeSerialized(value: unknown): boolean {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}
