/** The one place where the binding's error data becomes an error of the package. Runs in both processes. */

import { constants } from 'node:os'
import { getSystemErrorMap, getSystemErrorName } from 'node:util'
import {
  AlreadyRunningError,
  type DaemonError,
  InvalidOptionError,
  NotRunningError,
  PermissionDeniedError,
  PidFileError,
  StartFailedError,
  StopTimeoutError,
  UnsupportedError,
  UnverifiedError,
} from '../errors.js'
import { refusal } from '../say.js'
import type { NativeError } from './native.js'
import { IS_WINDOWS } from './platform.js'
import { windowsErrorName } from './windows-errors.js'

/** A system error in the shape that Node's own have. */
export interface SystemError extends Error {
  /** The name of the error: `EACCES`. */
  code: string
  /** The number of the error, negative as in Node. */
  errno: number
  /** The system call that failed. */
  syscall?: string
  /** The path that it was about. */
  path?: string
}

/** The name of an error number that libuv does not know, such as EDQUOT and ENOLCK. */
function nameOf(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno)
  return found?.[0] ?? getSystemErrorName(-errno)
}

/** What Node.js says of an error: its number there, its name, its text. */
type Described = readonly [errno: number, code: string, text: string]

function described(number: number): Described {
  const errno = -Math.abs(number)
  const [code, text] = getSystemErrorMap().get(errno) ?? [nameOf(-errno), 'the system refuses']
  return [errno, code, text]
}

/** The core gives Windows' own number of an error, and Node.js numbers the names of libuv there. */
function describedOnWindows(number: number): Described {
  const name = windowsErrorName(number)
  const [errno, [code, text]] = [...getSystemErrorMap()].find(([, [known]]) => known === name) ?? [
    -number,
    [name, 'unknown error'],
  ]
  return [errno, code, code === 'UNKNOWN' ? `Windows' error ${number}` : text]
}

/** Makes an error such as `EACCES: permission denied, open '/x'`, with the properties that Node's own have. */
export function systemError(
  failure: {
    errno: number
    syscall?: string | undefined
    path?: string | undefined
  },
  isWindows: boolean = IS_WINDOWS,
): SystemError {
  const [errno, code, text] = (isWindows ? describedOnWindows : described)(failure.errno)
  const { syscall, path } = failure
  const where = [syscall, path === undefined ? undefined : `'${path}'`].filter((part) => part !== undefined)
  const message = `${code}: ${text}${where.length > 0 ? `, ${where.join(' ')}` : ''}`
  return Object.assign(new Error(message), {
    errno,
    code,
    ...(syscall === undefined ? {} : { syscall }),
    ...(path === undefined ? {} : { path }),
  })
}

/** The unsupported feature, if nothing more is known. */
const NATIVE_BINDING = 'native binding'

/** The message of Node's error of a failed system call, without call and path, for a text that names these itself. */
export function systemReason(error: NodeJS.ErrnoException): string {
  const known = error.errno === undefined ? undefined : getSystemErrorMap().get(error.errno)
  return known === undefined ? error.message : known.join(': ')
}

/** The core knows only an option's name and its fault. */
function refusedByCore(
  native: NativeError,
  extras: { pidFile?: string | undefined; cause?: unknown },
): DaemonError {
  const { option, message, path } = native
  if (option !== undefined)
    return refusal({ option, problem: message, isClause: true }, { ...extras, value: path })
  return new InvalidOptionError(message, { ...extras, option: 'options', value: path })
}

/**
 * The binding always gives the fields that a class requires; its types mark them optional. No value stands in for them:
 * a caller might send a signal to a made-up PID.
 */
function stopTold({ pid, timeout }: NativeError): { pid: number; timeout: number } {
  return { pid, timeout } as { pid: number; timeout: number }
}

/**
 * Makes the error of the class that belongs to the binding's code; a system error becomes its `cause`.
 */
export function toError(native: NativeError, pidFile?: string): DaemonError {
  const { message, step, pid, reason, unproven, option, errno, syscall, path } = native
  const cause = errno === undefined ? undefined : systemError({ errno, syscall, path })
  const common = { pidFile, cause }
  switch (native.code) {
    case 'ERR_DAEMON_ALREADY_RUNNING':
      return new AlreadyRunningError(message, { ...common, pid })
    case 'ERR_DAEMON_NOT_RUNNING':
      return new NotRunningError(message, common)
    case 'ERR_DAEMON_STOP_TIMEOUT':
      return new StopTimeoutError(message, { ...common, ...stopTold(native) })
    case 'ERR_DAEMON_START_FAILED':
      return new StartFailedError(message, { ...common, step })
    case 'ERR_DAEMON_PIDFILE':
      return new PidFileError(message, { ...common, reason })
    case 'ERR_DAEMON_UNVERIFIED':
      return new UnverifiedError(message, { ...common, pid, reason: unproven ?? message })
    case 'ERR_DAEMON_INVALID_OPTION':
      return refusedByCore(native, common)
    case 'ERR_DAEMON_PERMISSION_DENIED':
      return new PermissionDeniedError(message, { ...common, pid, syscall })
    case 'ERR_DAEMON_UNSUPPORTED':
      return new UnsupportedError(message, { ...common, feature: option ?? NATIVE_BINDING })
    default: {
      // Only a binding of another version than this facade has codes that are not known here.
      const unknown: never = native.code
      return new UnsupportedError(
        `The native part of daimon reports ${unknown}, which its JavaScript part does not know: ${message}. ` +
          'Reinstall daimon, so that both are of one version.',
        { ...common, feature: NATIVE_BINDING },
      )
    }
  }
}

/**
 * Throws what {@link toError} makes of the binding's error data.
 *
 * @throws DaemonError always
 */
export function raise(native: NativeError, pidFile?: string): never {
  throw toError(native, pidFile)
}
