/** Arguments on their way to the daemon, by the structured clone algorithm: launcher and daemon. */

import { InvalidOptionError } from '../errors.js'
import { messageOf } from './thrown.js'

/** The largest size of all arguments in bytes: 1 GiB, as in the core. */
const MOST = 2 ** 30

/**
 * The arguments as bytes.
 *
 * @throws InvalidOptionError naming the first that cannot be cloned, or `args` when all together are too large
 */
export function serializeArgs(args: readonly unknown[]): Buffer {
  // Without arguments neither side loads node:v8, which costs 1.5 ms.
  if (args.length === 0) return Buffer.alloc(0)
  const bytes = serialized(args)
  if (bytes.length <= MOST) return bytes
  const what = `The arguments take ${bytes.length} bytes, and a daemon can be given ${MOST} (1 GiB)`
  throw new InvalidOptionError(`${what}. Give it the path of a file that it can read instead.`, {
    option: 'args',
  })
}

/** The arguments as they are now: the caller may change them while the verb goes on. What is wrong is said later. */
export function serializedNow(args: readonly unknown[]): Buffer | (() => Promise<never>) {
  try {
    return serializeArgs(args)
  } catch (error) {
    return () => Promise.reject(error)
  }
}

function serialized(args: readonly unknown[]): Buffer {
  try {
    return v8().serialize([...args])
  } catch (cause) {
    const index = args.findIndex((arg) => !canBeSerialized(arg))
    const what = messageOf(cause)
    // Each argument can be cloned alone, so all of them together are too large.
    const which = index === -1 ? 'The list of arguments' : `Argument ${index}`
    const message = `${which} cannot be given to the daemon: ${what} Give plain data.`
    throw new InvalidOptionError(message, {
      option: index === -1 ? 'args' : `args[${index}]`,
      value: args[index],
      cause,
    })
  }
}

/** The arguments in the daemon; in the foreground, where they have not left the process, the same values. */
export function deserializeArgs(args: Buffer | readonly unknown[]): unknown[] {
  if (!Buffer.isBuffer(args)) return [...args]
  return args.length === 0 ? [] : v8().deserialize(args)
}

function canBeSerialized(value: unknown): boolean {
  try {
    v8().serialize(value)
    return true
  } catch {
    return false
  }
}

function v8(): typeof import('node:v8') {
  return process.getBuiltinModule('node:v8')
}
