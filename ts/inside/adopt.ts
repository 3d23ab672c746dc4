/**
 * Adoption: runs before any code of the program in a process that the launcher has executed, and loads nothing but the
 * binding. The facade imports it first, too: where preloading is not to be had (a bundle, another runtime) it adopts
 * then.
 */

import { fileURLToPath } from 'node:url'
import { type Binding, loadBinding } from '../binding/load.js'
import { here } from '../binding/package-files.js'
import { isErrorLike, messageOf, propertyOf, textOf } from '../handover/thrown.js'
import { TOLD_FIELDS, toldText } from '../handover/told-error.js'
import { mainAtStart } from './main-module.js'
import { startRotation } from './rotation.js'
import { endByUncaught } from './runtimes.js'
import { keep } from './signals/kept-listeners.js'
import { type AdoptedState, adopted, becomeDaemon, type LaunchSettings, unbegun } from './state.js'

const VARIABLE = 'DAIMON_ADOPTION'

/** What the launcher added to the flags: not the program's, and nothing for its children. */
function removeOwnFlags(): { isSettledByImport: boolean } {
  const preload = fileURLToPath(new URL('preload.cjs', here))
  const settle = new URL('settle.js', here).href
  let isSettledByImport = false
  for (let at = process.execArgv.length - 2; at >= 0; at--) {
    const [flag, value] = process.execArgv.slice(at, at + 2)
    const isSettle = flag === '--import' && value === settle
    if (isSettle) isSettledByImport = true
    if (isSettle || (flag === '--require' && value === preload)) process.execArgv.splice(at, 2)
  }
  return { isSettledByImport }
}

/** The payload: the length of the settings (4 bytes, little endian), the settings as JSON, the arguments. */
function readPayload(binding: Binding): { settings: LaunchSettings; args: Buffer } {
  const payload = binding.receivePayload()
  if (payload === null) throw new Error('daimon: the launcher has gone before it told this daemon what to do')
  const end = 4 + payload.readUInt32LE(0)
  return { settings: JSON.parse(payload.toString('utf8', 4, end)), args: payload.subarray(end) }
}

/** An error as data: what Node's own errors carry, as far as it can be read; a thrown value that is none as text. */
function describe(error: unknown): string {
  const told: Record<string, unknown> = { name: 'Error', message: messageOf(error) }
  if (!isErrorLike(error)) return JSON.stringify(told)
  for (const key of TOLD_FIELDS) {
    const value = textOf(error, key) ?? propertyOf(error, key)
    if (typeof value === 'string' || typeof value === 'number') told[key] = value
  }
  return JSON.stringify(told)
}

function fail(binding: Binding, message: string): never {
  binding.tellError(JSON.stringify({ name: 'Error', message: toldText(message) }))
  process.exit(1)
}

/** In this order: the folder is one inside the new root, and both need rights that are given up then. */
function enter(binding: Binding, settings: LaunchSettings): void {
  const { chroot, cwd, identity } = settings
  const root = chroot === undefined ? null : binding.enterRoot(chroot)
  if (root !== null) fail(binding, root.message)
  // Where it is already it needs no permission of Node's.
  if (chroot !== undefined || !isIn(cwd)) process.chdir(cwd)
  const rights = identity === undefined ? null : binding.takeIdentity(identity)
  if (rights !== null) fail(binding, rights.message)
  if (identity !== undefined) startRotation(binding, settings)
}

function isIn(folder: string): boolean {
  try {
    return process.cwd() === folder
  } catch {
    // Removed.
    return false
  }
}

function adopt(value: string): void {
  const binding: Binding = loadBinding()
  if (!binding.isMainThread()) return
  const found = binding.adopt(value)
  delete process.env[VARIABLE]
  if ('code' in found) throw new Error(`daimon: ${found.message}`)
  const { isSettledByImport } = removeOwnFlags()
  const { settings, args } = readPayload(binding)
  if (settings.title !== undefined) process.title = settings.title
  const unsettled = binding.settleIn(settings.softNofile, settings.oomScoreAdj, [...(settings.keepFds ?? [])])
  if (unsettled !== null) fail(binding, unsettled.message)
  // With the rights of the user to come: in that user's folder root renames nothing.
  if (settings.identity === undefined) startRotation(binding, settings)

  // Provisional: a handler of the program's own may keep it alive. Its exit confirms it.
  const report = (error: unknown): void => {
    try {
      binding.tellError(describe(error))
    } catch {
      // Its program has changed what all objects have. What would be thrown here would take the place of its own error.
    }
  }
  const endReports = keep('uncaughtExceptionMonitor', report)
  endByUncaught(report)
  keep('exit', (code: number) => binding.tellExit(code))

  const state: AdoptedState = {
    binding,
    pid: found.pid,
    pidFile: found.pidFile,
    detached: true,
    settings,
    args,
    isSettledByImport,
    main: mainAtStart(),
    claimed: false,
    hasOwnBody: false,
    ...unbegun(),
    markReady() {
      if (state.isReady) return
      state.isReady = true
      endReports()
      binding.ready()
    },
    tellEnd: () => binding.tellExit(Number(process.exitCode ?? 0)),
    markListening: () => binding.listening(),
    enter: () => enter(binding, settings),
    onIdle() {
      const seen = state.constructed.length > 0 ? state.constructed.join(', ') : 'none'
      const what = `the program ended without a verb on the daemon of ${state.pidFile}`
      const advice = 'It is executed once more for each daemon, and must come to the same verb then'
      fail(binding, `${what}; pidfiles of the Daemons that it constructed: ${seen}. ${advice}`)
    },
  }
  keep('beforeExit', () => state.onIdle())
  becomeDaemon(state)
}

const value = process.env[VARIABLE]
// Workers preload, too: their copy of the environment lacks the variable once the daemon is adopted.
if (value !== undefined && adopted() === undefined) adopt(value)
