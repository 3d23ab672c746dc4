/**
 * What Node.js itself denies a program that runs under its permission model (`--permission`), and what grants it.
 * Runs in both processes.
 */

/** Node's error for what the program has not been permitted. */
export interface Denial extends Error {
  code: 'ERR_ACCESS_DENIED'
  /** What it takes: `FileSystemRead` and the like. */
  permission?: string
  /** The path that it was about. */
  resource?: string
}

const GRANTS: Readonly<Record<string, { flag: string; what: string }>> = {
  FileSystemRead: { flag: '--allow-fs-read', what: 'read' },
  FileSystemWrite: { flag: '--allow-fs-write', what: 'write to' },
}

/** The others are switches. */
const SWITCHES: Readonly<Record<string, string>> = {
  ChildProcess: '--allow-child-process',
  WorkerThreads: '--allow-worker',
  WASI: '--allow-wasi',
  Addons: '--allow-addons',
  Addon: '--allow-addons',
  Inspector: '--allow-inspector',
  Net: '--allow-net',
  FFI: '--allow-ffi',
}

/** Whether Node's permission model has denied something. */
export function isDenied(error: unknown): error is Denial {
  return error instanceof Error && 'code' in error && error.code === 'ERR_ACCESS_DENIED'
}

/**
 * What was denied and which flag grants it: a clause and an instruction, without a stop at the end. Node's own message
 * names neither path nor flag on all its release lines.
 *
 * @param path - what it was about, where the error does not tell
 */
export function explainDenial({ permission = '', resource, message }: Denial, path?: string): string {
  const grant = GRANTS[permission]
  const about = resource === undefined || resource === '' ? path : resource
  if (grant !== undefined && about !== undefined) {
    const { flag, what } = grant
    return `Node.js has not been permitted to ${what} ${about}: give node ${flag}=${about}`
  }
  const flag = SWITCHES[permission]
  return `Node.js has not been permitted to: ${message}${flag === undefined ? '' : `: give node ${flag}`}`
}

/**
 * What `ask` gives; `otherwise` where Node.js does not permit to ask. For looks that find a mistake early: what is
 * meant is done by the core, or by the daemon, and tells then what is wrong.
 */
export function ifPermitted<T>(ask: () => T, otherwise: T): T {
  try {
    return ask()
  } catch (error) {
    if (isDenied(error)) return otherwise
    throw error
  }
}
