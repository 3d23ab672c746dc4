/**
 * Denials by Node's permission model (`--permission`), and the flags that grant them.
 * Runs in both processes.
 */

import { hasCode } from './node-errors.js'

/** Node's error for an operation that the program is not permitted. */
export interface Denial extends Error {
  code: 'ERR_ACCESS_DENIED'
  /** The missing permission: `FileSystemRead` and the like. */
  permission?: string
  /** The path of the operation. */
  resource?: string
}

const GRANTS: Readonly<Record<string, { flag: string; what: string }>> = {
  FileSystemRead: { flag: '--allow-fs-read', what: 'read' },
  FileSystemWrite: { flag: '--allow-fs-write', what: 'write to' },
}

/** The flags of the other permissions, which are switches. */
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
  return hasCode(error, 'ERR_ACCESS_DENIED')
}

/**
 * Explains a denial, and the flag that grants it: a clause and an instruction, without a full stop. Not all of Node's
 * release lines name path and flag in their own message.
 *
 * @param path - the path of the operation, for errors without one
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
 * The result of `ask`; `otherwise` if Node.js does not permit to ask. It is for checks that find a mistake early:
 * without the check, the core or the daemon finds the mistake later.
 */
export function ifPermitted<T>(ask: () => T, otherwise: T): T {
  try {
    return ask()
  } catch (error) {
    if (isDenied(error)) return otherwise
    throw error
  }
}
