/** The file of the option `program`: found as the keeper finds it. Runs in the launcher. */

import { accessSync, constants, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ifPermitted } from '../binding/denied.js'
import { isSystemError } from '../binding/node-errors.js'
import { refusal, show } from '../say.js'
import type { DaemonOptions, PathLike } from '../types/options.js'
import { neededFolder } from './current-folder.js'
import { checkPath } from './paths.js'
import type { CheckedSettings } from './settings.js'
import { pathValue } from './values.js'

/** As execvp(3) has it, where the environment has none. */
const PATH = '/bin:/usr/bin'

/** What the look for the file needs. */
type FileSettings = Pick<CheckedSettings, 'cwd' | 'process' | 'executable'> & {
  readonly env?: DaemonOptions['env']
}

/**
 * Looks for the program's file, as the keeper will with each start of it.
 *
 * @throws InvalidOptionError naming the option, where nothing can be executed
 */
export function checkExecutable({ executable, cwd, process: { chroot }, env }: FileSettings): void {
  if (executable === undefined) return
  const { program } = executable
  const files = filesOf({ program, folder: cwd ?? neededFolder(), chroot, env })
  ifPermitted(() => {
    if (files.some(isExecutable)) return
    const file = files.find(isFile) ?? (program.includes('/') ? files[0] : undefined)
    const what = 'must be a file that can be executed'
    if (file !== undefined) return checkPath('program', file, 'file', constants.X_OK, what, program)
    const problem = `${show(program)} is in no folder of PATH`
    const advice = 'Install it, or give its path.'
    throw refusal({ option: 'program', problem, advice, isClause: true }, { value: program })
  }, undefined)
}

/** The file of a program, for whoever else executes it. @throws InvalidOptionError as a start */
export function programFile(options: {
  readonly program: string
  readonly cwd: string
  readonly chroot?: PathLike | undefined
  readonly env?: DaemonOptions['env']
}): string {
  const { program, cwd, env } = options
  const chroot = options.chroot === undefined ? undefined : pathValue('chroot', options.chroot)
  checkExecutable({ executable: { program, args: [], ready: 'running' }, cwd, process: { chroot }, env })
  const files = filesOf({ program, folder: cwd, chroot: undefined, env })
  const inRoot = (file: string): string => (chroot === undefined ? file : join(chroot, file))
  return files.find((file) => isExecutable(inRoot(file))) ?? files[0] ?? program
}

interface Place {
  readonly program: string
  readonly folder: string
  readonly chroot: string | undefined
  readonly env: DaemonOptions['env']
}

/** The files that it may be, in the order in which they are tried. */
function filesOf({ program, folder, chroot, env }: Place): string[] {
  const inside = (path: string): string => join(chroot ?? '/', resolve(folder, path))
  if (program.includes('/')) return [inside(program)]
  const path = (env !== undefined && Object.hasOwn(env, 'PATH') ? env.PATH : process.env.PATH) ?? PATH
  return path.split(':').map((one) => inside(join(one === '' ? '.' : one, program)))
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile()
  } catch (error) {
    // Also one in a folder that this user may not search, which execvp(3) passes over.
    if (isSystemError(error)) return false
    throw error
  }
}

function isExecutable(file: string): boolean {
  try {
    if (!isFile(file)) return false
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
