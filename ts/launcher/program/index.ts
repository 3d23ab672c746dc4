/** The daemon's program, with its flags, arguments and environment. Runs in the launcher. */

import { accessSync, constants } from 'node:fs'
import { ifPermitted } from '../../binding/denied.js'
import { electron } from '../../binding/runtimes.js'
import { packer } from '../../binding/single-executable.js'
import type { BodyKind } from '../../handover/settings.js'
import { byShellFolder, currentFolder, neededFolder } from '../../options/current-folder.js'
import type { Rights } from '../../options/rights.js'
import type { ExecutableSettings, Settings } from '../../options/settings.js'
import { AT_START } from './at-start.js'
import { environment } from './environment.js'
import { executableCommand } from './executable.js'
import { mainCommand } from './main.js'
import { scriptCommand } from './script.js'
import { throughLinks } from './through-links.js'

/** The command of a daemon, for the launch's plan. */
export interface Program {
  kind: BodyKind
  program: string
  args: string[]
  env: string[]
  /** The file that is the program, where there is one. */
  main: string | undefined
  /** The files of this package that it loads first. */
  preloads: readonly string[]
  /** The folder to execute it in, if that is not the present folder. */
  folder: string | undefined
}

/** The differences between the kinds of programs. */
export type Command = Omit<Program, 'env' | 'folder'>

/**
 * The program for these settings, which `refuseProgram()` has let pass.
 *
 * @throws UnsupportedError for a script in a bundle without the package's own files
 */
export function programOf(settings: Settings, rights: Rights): Program {
  if (settings.executable !== undefined) return executable(settings, settings.executable, rights)
  const cwd = AT_START.cwd ?? '/'
  const env = environment(settings, rights, cwd)
  const command = commandOf(settings, cwd, env.get('NODE_OPTIONS'))
  // As Electron's own child_process.fork() does: without it, it would open another window.
  if (electron() !== undefined && command.program === process.execPath) env.set('ELECTRON_RUN_AS_NODE', '1')
  const program = {
    ...command,
    env: Array.from(env, ([name, value]) => `${name}=${value}`),
    folder: folderOf(AT_START.cwd),
  }
  return settings.keeper === undefined ? program : throughLinks(program)
}

/** A program of any kind, in the daemon's own folder: nothing of daimon's enters that later. */
function executable(settings: Settings, { program, args }: ExecutableSettings, rights: Rights): Program {
  const { cwd = neededFolder(), given } = settings
  const folder = given.cwd === undefined ? byShellFolder(cwd) : cwd
  const env = environment(settings, rights, folder)
  return {
    kind: 'program',
    program,
    args: [program, ...args],
    env: Array.from(env, ([name, value]) => `${name}=${value}`),
    main: undefined,
    preloads: [],
    folder,
  }
}

/** The folder of the start: flags may name files in it. If this process may not enter it, they name none. */
function folderOf(cwd: string | undefined): string | undefined {
  if (cwd !== currentFolder()) return cwd
  // Node.js 24 does not begin in a folder in which it may not look for a package.json.
  return cwd === undefined || mayEnter(cwd) ? undefined : '/'
}

function mayEnter(folder: string): boolean {
  try {
    ifPermitted(() => accessSync(folder, constants.X_OK), undefined)
    return true
  } catch {
    return false
  }
}

function commandOf(settings: Settings, cwd: string, nodeOptions: string | undefined): Command {
  const { script } = settings
  if (script !== undefined) return scriptCommand(settings, script, cwd, nodeOptions)
  return packer() === undefined ? mainCommand(cwd) : executableCommand(cwd)
}
