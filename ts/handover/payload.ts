/**
 * The payload: all that a daemon gets from its launcher, in one piece. The launcher writes it, the daemon's preload
 * reads it. It is loaded before a script: it imports only what the list in `bundles-of-the-package.test.js` has.
 *
 * The version and the length of the settings (4 bytes each, little endian), the settings as JSON, the arguments
 * (`args.ts`).
 */

import type { LaunchSettings } from './settings.js'
import { HANDOVER_VERSION } from './version.js'

/** Put in by the build: the package's own version. */
declare const DAIMON_VERSION: string

const HEADER = 8

/** A daemon's settings and arguments. */
export interface Payload {
  readonly settings: LaunchSettings
  readonly args: Buffer
}

/** The payload as bytes. */
export function encodePayload({ settings, args }: Payload): Buffer {
  const json = Buffer.from(JSON.stringify(settings))
  const header = Buffer.alloc(HEADER)
  header.writeUInt32LE(HANDOVER_VERSION, 0)
  header.writeUInt32LE(json.length, 4)
  return Buffer.concat([header, json, args])
}

/** Reads the bytes of {@link encodePayload}; gives an error as data if the launcher has another version. */
export function decodePayload(
  payload: Buffer,
): Payload | { code: 'ERR_DAEMON_UNSUPPORTED'; message: string } {
  const version = payload.length < HEADER ? 0 : payload.readUInt32LE(0)
  if (version !== HANDOVER_VERSION) {
    const message =
      `The launcher writes handover version ${version}; daimon ${DAIMON_VERSION} in the daemon reads version ` +
      `${HANDOVER_VERSION}. One was replaced by another release. Restart the launcher, or rebuild its bundle.`
    return { code: 'ERR_DAEMON_UNSUPPORTED', message }
  }
  const end = HEADER + payload.readUInt32LE(4)
  return { settings: JSON.parse(payload.toString('utf8', HEADER, end)), args: payload.subarray(end) }
}

/** The plan, which tells a keeper where in the payload the arguments begin: an upgrade may bring others. */
export function planWithPayload<P extends { readonly keeper?: { argsAt: number } }>(
  plan: P,
  payload: Buffer,
  args: Buffer,
): P {
  if (plan.keeper === undefined) return plan
  return { ...plan, keeper: { ...plan.keeper, argsAt: payload.length - args.length } }
}
