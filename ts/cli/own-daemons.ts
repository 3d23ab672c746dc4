/** The daemons of a folder of pidfiles, by their names. */

import { opendirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { explainDenial, isDenied } from '../binding/denied.js'
import { hasCode, isError } from '../binding/node-errors.js'
import { Daemon, InvalidOptionError } from '../index.js'
import { HOME_VARIABLE, NAME } from '../options/places.js'
import { CommandError } from './errors.js'
import { ownFolder } from './target.js'

const PIDFILE = new RegExp(`^(${NAME})\\.pid$`)

/**
 * The daemons of daimon's own folder. Other programs lock their pidfiles, too: no other folder is ever acted upon.
 *
 * @param advice - what helps where there is no such folder
 */
export function ownDaemons(advice: string = SET_HOME): Daemon[] {
  return daemonsIn(ownFolderOr(advice), true)
}

const SET_HOME = `Set ${HOME_VARIABLE} to the folder that stands for it.`

function ownFolderOr(advice: string): string {
  try {
    return ownFolder()
  } catch (cause) {
    if (!(cause instanceof InvalidOptionError) || cause.option !== 'pidFile') throw cause
    const what = 'There is no default folder: this user has no home folder by a passwd entry, nor by HOME'
    throw new InvalidOptionError(`${what}. ${advice}`, { option: HOME_VARIABLE, cause })
  }
}

/** The daemons that have a pidfile in the folder; none where the default folder is missing. */
export function daemonsIn(folder: string, isDefault = false): Daemon[] {
  return namesIn(folder, isDefault).map((name) => new Daemon({ name, pidFile: join(folder, `${name}.pid`) }))
}

/** The names of the daemons of daimon's own folder, without a look at them. */
export function ownNames(): string[] {
  return namesIn(ownFolder(), true)
}

/** A missing default folder holds no names: no daemon has been started there yet. */
function namesIn(folder: string, isDefault: boolean): string[] {
  try {
    const names: string[] = []
    // One by one: there may be a million other files.
    const entries = opendirSync(folder, { bufferSize: 1_024 })
    try {
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
        const name = PIDFILE.exec(entry.name)?.[1]
        if (name !== undefined) names.push(name)
      }
    } finally {
      entries.closeSync()
    }
    return names.sort()
  } catch (cause) {
    if (isDefault && hasCode(cause, 'ENOENT')) return []
    const { message } = isError(cause) ? cause : { message: String(cause) }
    // `stop --all` looks there, too, and takes no other folder.
    const advice = isDefault ? `Set ${HOME_VARIABLE} to another one` : 'Name a folder that you may read'
    const why = isDenied(cause) ? explainDenial(cause, folder) : `${message}. ${advice}`
    throw new CommandError(`the folder ${folder} cannot be listed: ${why}`, { cause })
  }
}

/** The file of descriptor 1; undefined if it is no file, or we may not look. */
export function logOf(pid: number): string | undefined {
  try {
    const target = readlinkSync(`/proc/${pid}/fd/1`)
    return target.startsWith('/') && !target.startsWith('/dev/') ? target : undefined
  } catch {
    return undefined
  }
}
