/** The verb `connect`. */

import { once } from 'node:events'
import type { DaemonSocket } from '../../types/connections.js'
import { CommandError } from '../errors.js'
import { OK } from '../exit-codes.js'
import { CONNECT_FLAGS } from '../flags.js'
import { interrupted, interruptible } from '../interrupt.js'
import { CONNECT_INTERRUPTED } from '../states.js'
import { daemonToControl, nameOf } from '../target.js'
import type { Call, Verb } from './verb.js'

export const connect: Verb = {
  name: 'connect',
  summary: "Join stdin and stdout to a daemon's socket",
  form: { usage: '[flags] [NAME]', example: 'PROGRAM connect web' },
  embedded: { usage: '[flags]', example: 'PROGRAM connect' },
  codes: '0 ended, 1 cut off, 7 not running, 130 Ctrl-C',
  flags: CONNECT_FLAGS,
  operands: [':names'],
  run: async (call) => {
    const daemon = daemonToControl(withSocket(call))
    return await interruptible(call, async (signal) => {
      try {
        await join(await daemon.connect({ signal }), signal)
        return OK
      } catch (error) {
        if (signal.aborted) throw await interrupted(daemon, CONNECT_INTERRUPTED)
        if (!(error instanceof Cut)) throw error
        throw new CommandError(`the connection to ${nameOf(daemon)} was cut off: ${error.message}`, {
          cause: error.cause,
        })
      }
    })
  },
}

/** A connection wants a socket; a flag is needed for its path alone. */
function withSocket(call: Call): Call {
  if (call.daemon !== undefined || call.words.values.socket !== undefined) return call
  return { ...call, words: { ...call.words, values: { ...call.words.values, socket: 'true' } } }
}

/** A connection that the other side has not ended in order. */
class Cut extends Error {}

/** Resolves when both directions have ended. */
async function join(socket: DaemonSocket, signal: AbortSignal): Promise<void> {
  const onAbort = (): void => void socket.destroy()
  signal.addEventListener('abort', onAbort, { once: true })
  // The daemon's end is not ours: what stdin still has is sent.
  socket.allowHalfOpen = true
  process.stdin.pipe(socket)
  socket.pipe(process.stdout, { end: false })
  // Nobody reads any more, as of `head`.
  process.stdout.once('error', onAbort)
  try {
    await once(socket, 'close')
  } catch (cause) {
    throw new Cut(cause instanceof Error ? cause.message : String(cause), { cause })
  } finally {
    signal.removeEventListener('abort', onAbort)
    process.stdin.unpipe(socket)
    process.stdin.destroy()
  }
  signal.throwIfAborted()
}
