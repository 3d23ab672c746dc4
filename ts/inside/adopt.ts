/**
 * Adoption: a process that the launcher has executed becomes the daemon, before any code of the program runs. The
 * preload does it; where there is none (a bundle, another runtime) the facade does it with its import. Runs in the
 * daemon. It is loaded before a script: it imports only what the list in `bundles-of-the-package.test.js` has.
 */

import { realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Binding, loadBinding } from '../binding/load.js'
import { ownFile } from '../binding/package-files.js'
import { folded, isMainThread } from '../binding/platform.js'
import { seam } from '../binding/seam.js'
import { shared } from '../binding/shared.js'
import { decodePayload, type Payload } from '../handover/payload.js'
import type { LaunchSettings } from '../handover/settings.js'
import { encodeOwn, encodeThrown } from '../handover/told-error.js'
import { ADOPTION_VARIABLE } from '../handover/variable.js'
import { useCompileCache } from './compile-cache.js'
import { beginKept } from './kept-body.js'
import { mainAtStart } from './main-module.js'
import { reopenLogs } from './reopen.js'
import { startRotation } from './rotation.js'
import { takeSignals } from './signals/delivered.js'
import { keep } from './signals/kept-listeners.js'
import { State, shareState } from './state.js'
import { writeStderr } from './stderr.js'
import { endByUncaught } from './uncaught.js'

/**
 * Removes the flags that the launcher has added, because they are not the program's, and its children must not inherit
 * them.
 */
function removeOwnFlags(): { isBegunByImport: boolean } {
  const preload = ownFile('preload.cjs')
  const hook = ownFile('settle.js')
  let isBegunByImport = false
  for (let at = process.execArgv.length - 2; at >= 0; at--) {
    const [flag, given = ''] = process.execArgv.slice(at, at + 2)
    const isHook = flag === '--import' && isFile(pathOf(given), hook)
    if (isHook) isBegunByImport = true
    if (isHook || (flag === '--require' && isFile(given, preload))) process.execArgv.splice(at, 2)
  }
  return { isBegunByImport }
}

/** Whether a path is that of a file of ours, by whatever links: see `launcher/program/through-links.ts`. */
function isFile(path: string, own: string): boolean {
  if (folded(path) === folded(own)) return true
  if (basename(path) !== basename(own)) return false
  try {
    return realpathSync(path) === realpathSync(own)
  } catch {
    return false
  }
}

function pathOf(address: string): string {
  return address.startsWith('file:') ? fileURLToPath(address) : address
}

/** The payload from the launcher. Ends this process if the launcher speaks another version. */
function readPayload(binding: Binding): Payload {
  const bytes = binding.receivePayload()
  if (bytes === null) throw new Error('daimon: the launcher has gone before it told this daemon what to do')
  const payload = decodePayload(bytes)
  return 'code' in payload ? fail(binding, payload.message, payload.code) : payload
}

function fail(binding: Binding, message: string, code?: 'ERR_DAEMON_UNSUPPORTED'): never {
  // In the foreground no launcher hears it.
  if (isAttached) writeStderr(`daimon: ${message}`)
  binding.tellError(encodeOwn(message, code))
  process.exit(1)
}

/** Whether the keeper of this body is in the foreground. */
let isAttached = false

/** Keep this order: the current folder is inside the new root, and both changes need rights that are given up last. */
function enter(binding: Binding, settings: LaunchSettings, isKept: boolean): void {
  const { chroot, cwd, identity } = settings
  const root = chroot === undefined ? null : binding.enterRoot(chroot)
  if (root !== null) fail(binding, root.message)
  // No chdir to the present folder: Node.js may not permit it.
  if (chroot !== undefined || !isIn(cwd)) process.chdir(cwd)
  const rights = identity === undefined ? null : binding.takeIdentity(identity)
  if (rights !== null) fail(binding, rights.message)
  if (identity !== undefined) beginWithRights(binding, settings, isKept)
}

/** What is done with the daemon's own rights: root must rename nothing, and load nothing, in a folder of that user. */
function beginWithRights(binding: Binding, settings: LaunchSettings, isKept: boolean): void {
  // The first instance of a keeper's rotates the log once it serves.
  if (!isKept) startRotation(binding, settings)
  useCompileCache(settings.compileCache)
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
  if (!isMainThread(binding)) return
  const found = binding.adopt(value)
  delete process.env[ADOPTION_VARIABLE]
  if ('code' in found) throw new Error(`daimon: ${found.message}`)
  const { isBegunByImport } = removeOwnFlags()
  const { settings, args } = readPayload(binding)
  isAttached = settings.attached !== undefined
  seam(binding, 'adopt.told')
  if (settings.title !== undefined) process.title = settings.title
  if (settings.socket !== undefined) {
    binding.outliveLauncher(settings.readyTimeout ?? Number.POSITIVE_INFINITY)
    // From now on its file is removed at exit, also if the script never serves it.
    const taken = binding.takeListener(settings.socket.path)
    if (typeof taken === 'object') fail(binding, taken.message)
  }
  const failure = binding.applyAfterBoot(settings.softNofile, settings.oomScoreAdj, [
    ...(settings.keepFds ?? []),
  ])
  if (failure !== null) fail(binding, failure.message)
  const isKept = found.instance !== undefined
  if (settings.identity === undefined) beginWithRights(binding, settings, isKept)

  const endReports = reportUncaught(binding)
  keep('exit', (code: number) => binding.tellExit(code))

  const { pid, pidFile, instance } = found
  const kept =
    instance === undefined
      ? undefined
      : beginKept(binding, instance, settings, {
          draining: () => state.drain(),
          reopen: () => reopenLogs(binding, settings),
          rotate: () => startRotation(binding, settings),
        })
  const parts = {
    binding,
    pid,
    pidFile,
    detached: settings.attached === undefined,
    settings,
    args,
    main: mainAtStart(),
    isBegunByImport,
    kept,
    ...(kept === undefined ? {} : { sockets: kept.sockets, supervisor: kept.supervisor }),
  }
  const state = new State(parts, 'unclaimed', {
    ready() {
      endReports()
      binding.ready()
      kept?.supervisor?.ready()
    },
    ending: (code) => binding.tellExit(code),
    listening: () => binding.listening(),
    enter: () => enter(binding, settings, isKept),
    unclaimed: (constructed) => failUnclaimed(binding, pidFile, constructed),
  })
  keep('beforeExit', () => state.idle())
  shareState(state)
  takeSignals(binding)
  seam(binding, 'adopt.shared')
}

/** Tells the launcher of uncaught errors, until the function that it gives is called. */
function reportUncaught(binding: Binding): () => void {
  // Provisional: a handler of the program's own may keep the process alive. Its exit confirms the error.
  const report = (error: unknown): void => {
    try {
      binding.tellError(encodeThrown(error))
    } catch {
      // The program has changed what all objects inherit. An error of this code must not hide the program's own.
    }
  }
  const endReports = keep('uncaughtExceptionMonitor', report)
  endByUncaught(report)
  return endReports
}

function failUnclaimed(binding: Binding, pidFile: string, constructed: readonly string[]): never {
  const seen = constructed.length > 0 ? constructed.join(', ') : 'none'
  const what = `the program ended without starting the daemon of ${pidFile} (it constructed: ${seen})`
  const advice =
    'daimon runs the program again in the daemon, and there it must reach the same start() or daemonize() call'
  return fail(binding, `${what}. ${advice}`)
}

const value = process.env[ADOPTION_VARIABLE]
// Workers load the preload, too, but their copy of the environment lacks the variable: adoption has removed it.
if (value !== undefined && shared() === undefined) adopt(value)
