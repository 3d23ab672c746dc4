/** The verb `run`: the daemon is this process. */

import { isA } from '../../handover/thrown.js'
import type { Daemon } from '../../index.js'
import { starting } from '../begin.js'
import { OK } from '../exit-codes.js'
import { FOREGROUND_FLAGS } from '../flags.js'
import { daemonToStart } from '../target.js'
import type { Call, Verb } from './verb.js'

export const run: Verb = {
  name: 'run',
  summary: 'Run a daemon in the foreground, for supervisors and containers',
  ...starting('run'),
  codes: "the script's own; 1 it could not be started",
  flags: FOREGROUND_FLAGS,
  operands: [':files'],
  run: async (call) => {
    const { daemon, args } = daemonToStart(call, false)
    return await foreground(call, daemon, args)
  },
}

/** In this process; it lives on when this has resolved. */
export async function foreground({ words }: Call, daemon: Daemon, args: readonly string[]): Promise<number> {
  try {
    await daemon.foreground(...args)
    return OK
  } catch (error) {
    // Only Node.js knows file and line, and shows them for an uncaught error.
    if (isA(error, SyntaxError) && words.values.json !== true) {
      queueMicrotask(() => {
        throw error
      })
    }
    throw error
  }
}
