/** The settings that the launcher passes to the daemon. Written by the launcher, read by the daemon. */

import type { NativeIdentity } from '../binding/native.js'
import type { ReadyMode } from '../types/options.js'
import type { NamedAction, SignalAction } from '../types/signals.js'

/**
 * The daemon's program: the launcher's program again; a script that is the body itself; or the module that
 * constructs the Daemon whose `run` is the body.
 */
export type BodyKind = 'program' | 'script' | 'module'

/** The settings that the launcher passes to the daemon, beside its arguments. Plain JSON. */
export interface LaunchSettings {
  readonly kind: BodyKind
  readonly name?: string | undefined
  readonly title?: string | undefined
  readonly cwd: string
  readonly ready: ReadyMode
  readonly stopTimeout?: number | undefined
  readonly chroot?: string | undefined
  /** The user and groups that the daemon takes when its body begins. */
  readonly identity?: NativeIdentity | undefined
  /** The folder of Node's cache of compiled code. */
  readonly compileCache?: string | undefined
  /** The soft limit of open files, which Node's boot lifts to the hard one. */
  readonly softNofile?: number | undefined
  readonly oomScoreAdj?: number | undefined
  /** Descriptors that children inherit, which Node's boot keeps from them. */
  readonly keepFds?: readonly number[] | undefined
  /** Only for a script: any other program sets its actions itself. */
  readonly signals?: Readonly<Record<string, NamedAction>> | undefined
  /** The launch itself, for `context.restart()`: see `relaunch.ts`. */
  readonly relaunch?: string | undefined
  /** The socket that the daemon serves. */
  readonly socket?: SocketSettings | undefined
  /** In milliseconds; a daemon with a socket leaves when it has been unused for so long. */
  readonly idleTimeout?: number | undefined
  /** What its hello tells. */
  readonly version?: string | undefined
  /** In milliseconds; a daemon with a socket ends itself when it is not ready by then and its launcher has gone. */
  readonly readyTimeout?: number | undefined
  /** Of a body whose keeper is in the foreground: in microseconds how often its supervisor wants a sign of life. */
  readonly attached?: { readonly watchdog: number | undefined } | undefined
  /** The logs to open again on reload: one for each output that goes to a file. */
  readonly stdout?: OutputFile | undefined
  readonly stderr?: OutputFile | undefined
}

/** A file that output goes to. */
export interface OutputFile {
  readonly path: string
  /** The permissions of a file that must be made. */
  readonly mode?: number
  /** When the daemon itself rotates it. */
  readonly rotation?: Rotation
}

/** The socket of a daemon. */
export interface SocketSettings {
  /** Absolute. */
  readonly path: string
  /** The exact permissions of its file. */
  readonly mode: number
  /** Whether the daemon says hello on each connection. */
  readonly hello: boolean
}

/** When a log is rotated, and which files are kept. */
export interface Rotation {
  readonly maxSize: number
  readonly keep: number
  readonly compress: boolean
}

/** The file of a standard stream. `option` is the name of the option that named the file. */
export type Stdio = { readonly kind: 'null' } | { readonly kind: 'inherit' } | FileStdio

/** A file as a standard stream. If it is made, it gets `mode`. */
export interface FileStdio extends OutputFile {
  readonly kind: 'file'
  readonly option: 'stdin' | 'stdout' | 'stderr' | 'log'
}

/** The standard streams as the options have them. */
export interface Streams {
  readonly stdin: Stdio
  readonly stdout: Stdio
  readonly stderr: Stdio
}

/** The complete options, as far as the daemon is told of them. */
export interface ToldOptions {
  readonly name: string | undefined
  readonly title: string | undefined
  readonly ready: ReadyMode
  readonly signals: Readonly<Record<string, SignalAction>>
  readonly stopTimeout: number
  readonly readyTimeout: number
  readonly socket: SocketSettings | undefined
  readonly idleTimeout: number
  readonly version: string | undefined
  readonly stdio: Streams
  readonly process: {
    readonly chroot?: string | undefined
    readonly limits?: readonly { readonly name: string; readonly soft: number }[] | undefined
    readonly oomScoreAdj?: number | undefined
    readonly keepFds?: readonly number[] | undefined
  }
}

/** What the options come to when the system is asked. */
type Found = Pick<LaunchSettings, 'kind' | 'cwd' | 'identity' | 'compileCache'>

/** The settings to pass to the daemon. `cwd` is the folder that it runs in, `identity` the rights that it takes. */
export function launchSettings(
  options: ToldOptions,
  { kind, cwd, identity, compileCache }: Found,
): LaunchSettings {
  const { name, title, ready, signals, stopTimeout, stdio, socket, version } = options
  const { chroot, limits, oomScoreAdj, keepFds } = options.process
  return {
    kind,
    name,
    title,
    cwd,
    ready,
    stopTimeout: finite(stopTimeout),
    signals: kind === 'script' ? namedActions(signals) : undefined,
    chroot,
    identity,
    compileCache,
    softNofile: finite(limits?.find(({ name }) => name === 'nofile')?.soft),
    oomScoreAdj,
    keepFds,
    socket,
    version,
    ...(socket === undefined
      ? {}
      : { idleTimeout: finite(options.idleTimeout), readyTimeout: finite(options.readyTimeout) }),
    stdout: outputFile(stdio.stdout),
    stderr: outputFile(stdio.stderr),
  }
}

/** The owner of the logs: the user and the group that the daemon becomes. */
export function ownerOf(identity: NativeIdentity | undefined): { owner?: { uid?: number; gid: number } } {
  if (identity === undefined) return {}
  const { uid, gid } = identity
  return { owner: uid === undefined ? { gid } : { uid, gid } }
}

/** JSON has no Infinity. */
function finite(value: number | undefined): number | undefined {
  return value === Number.POSITIVE_INFINITY ? undefined : value
}

function namedActions(signals: ToldOptions['signals']): Record<string, NamedAction> {
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
