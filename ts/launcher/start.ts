/** A start: its plan, what the daemon is told, and its outcome. Runs in the launcher. */

import { checkRights, type Rights } from '../binding/identity.js'
import { type NativePlan, native } from '../binding/native.js'
import { toStatus } from '../control/status.js'
import { encodeRelaunch, relaunchOf } from '../handover/relaunch.js'
import type { BodyKind, LaunchSettings, OutputFile } from '../inside/state.js'
import { makeDefaultFolder, neededFolder, type Settings, type Stdio } from '../options/index.js'
import type { NamedAction } from '../types/signals.js'
import type { Running } from '../types/status.js'
import { Launch } from './launch.js'
import { type Args, type Checked, type Intended, preflight } from './preflight.js'
import { checkFiles } from './program/files.js'
import { type Program, programOf } from './program/index.js'
import { refuseProgram } from './refusals.js'

/** A start of a process of its own. */
export type DetachedStart = Intended<Settings, Program>

/** The start of a daemon that leaves this process. */
export function detached(settings: Settings, args: Args): DetachedStart {
  return {
    settings,
    args,
    refuse: () => refuseProgram(settings),
    rights: () => checkRights(settings),
    find(rights) {
      const program = programOf(settings, rights)
      checkFiles(program, settings)
      return program
    },
  }
}

/**
 * Starts a daemon.
 *
 * @throws DaemonError of every kind that `Daemon#start` names; the reason of `settings.signal` when that aborts
 */
export async function start(settings: Settings, args: Args): Promise<Running> {
  return await startChecked(await preflight(detached(settings, args)))
}

/** The rest of a start, in which the event loop is held for plan and launch alone. */
export async function startChecked(checked: Checked<DetachedStart>): Promise<Running> {
  const { settings, bytes, rights, found: program } = checked
  settings.signal?.throwIfAborted()
  makeDefaultFolder(settings)
  settings.logger?.debug(`starting ${program.args.join(' ')}`)
  const plan = planOf(settings, program, rights)
  const relaunch = encodeRelaunch(relaunchOf(settings, program, plan))
  const payload = payloadOf({ ...launchSettings(settings, program.kind, rights), relaunch }, bytes)
  const { pid, took, ended } = await new Launch(settings, plan, payload).run()
  settings.logger?.info(`started with PID ${pid} in ${Math.round(took)} ms`)
  const found = native().status(settings.pidFile)
  const status = found.error === undefined ? toStatus(found, settings.pidFile) : undefined
  if (status?.state === 'running' && status.pid === pid) return status
  // It has started, although it may have ended again at once.
  return { state: 'running', pid, pidFile: settings.pidFile, ...(ended === undefined ? {} : { ended }) }
}

function planOf(settings: Settings, { program, args, env, folder }: Program, rights: Rights): NativePlan {
  const { pidFile, pidFileMode, lockTimeout, umask, stdio } = settings
  const keepFds = [...(settings.process.keepFds ?? [])]
  const plan = {
    pidFile,
    pidFileMode,
    lockTimeout,
    program,
    args,
    env,
    umask,
    limits: rights.limits,
    keepFds,
    ...stdio,
  }
  const owned = { ...plan, ...ownerOf(rights) }
  return folder === undefined ? owned : { ...owned, folder }
}

/** The owner of its logs. */
export function ownerOf({ identity }: Rights): { owner?: { uid?: number; gid: number } } {
  if (identity === undefined) return {}
  const { uid, gid } = identity
  return { owner: uid === undefined ? { gid } : { uid, gid } }
}

/** What the daemon is told of its settings. */
export function launchSettings(settings: Settings, kind: BodyKind, { identity }: Rights): LaunchSettings {
  const { name, title, cwd, ready, signals, stopTimeout, stdio } = settings
  const { chroot, limits, oomScoreAdj, keepFds } = settings.process
  return {
    kind,
    name,
    title,
    cwd: cwd ?? neededFolder(),
    ready,
    stopTimeout: finite(stopTimeout),
    signals: kind === 'script' ? namedActions(signals) : undefined,
    chroot,
    identity,
    softNofile: finite(limits?.find(({ name }) => name === 'nofile')?.soft),
    oomScoreAdj,
    keepFds,
    stdout: outputFile(stdio.stdout),
    stderr: outputFile(stdio.stderr),
  }
}

/** What is sent to the daemon: the length of the settings (4 bytes, little endian), the settings, the arguments. */
export function payloadOf(settings: LaunchSettings, args: Buffer): Buffer {
  const json = Buffer.from(JSON.stringify(settings))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([length, json, args])
}

/** JSON has no Infinity. */
function finite(value: number | undefined): number | undefined {
  return value === Number.POSITIVE_INFINITY ? undefined : value
}

function namedActions(signals: Settings['signals']): Record<string, NamedAction> {
  const named: Record<string, NamedAction> = {}
  for (const [signal, action] of Object.entries(signals))
    if (typeof action === 'string') named[signal] = action
  return named
}

function outputFile(stdio: Stdio): OutputFile | undefined {
  if (stdio.kind !== 'file') return undefined
  const { path, mode, rotation } = stdio
  return {
    path,
    ...(mode === undefined ? {} : { mode }),
    ...(rotation === undefined ? {} : { rotation }),
  }
}
