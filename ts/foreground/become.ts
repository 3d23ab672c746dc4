/** What makes of a running process what a launched daemon is from its first instruction on. */

import { explainDenial, isDenied } from '../binding/denied.js'
import { raise } from '../binding/errors.js'
import { accountVariables, type Rights } from '../binding/identity.js'
import { type NativeError, native } from '../binding/native.js'
import { CLEAN } from '../launcher/program.js'
import { currentFolder, homeVariable, neededFolder, type Settings } from '../options/index.js'
import { refused } from '../options/say.js'
import { forgetSupervisor } from '../supervisor/environment.js'
import { leaveTerminal } from './terminal-streams.js'

/**
 * Sets this process up, for good; its standard streams lead where they shall already.
 *
 * @throws DaemonError for what the system refuses: all that it tells beforehand has been asked
 */
export function setUpProcess(settings: Settings, rights: Rights): void {
  const { given, umask, title, cwd, pidFile } = settings
  const check = (failure: NativeError | null): void => {
    if (failure !== null) raise(failure, pidFile)
  }
  if (given.stdout?.kind === 'file') leaveTerminal('stdout')
  if (given.stderr?.kind === 'file') leaveTerminal('stderr')
  process.umask(umask)
  setEnvironment(settings, rights)
  if (title !== undefined) process.title = title
  const { chroot, oomScoreAdj, keepFds = [] } = settings.process
  check(native().limitSelf(rights.limits))
  check(native().settleIn(undefined, oomScoreAdj, [...keepFds]))
  // In this order: the folder is one inside the new root, and both need rights that are given up then.
  if (chroot !== undefined) check(native().enterRoot(chroot))
  changeFolder(cwd ?? neededFolder(), chroot !== undefined)
  if (rights.identity !== undefined) check(native().takeIdentity(rights.identity))
}

/** It has been looked at before, and may have gone since. */
function changeFolder(cwd: string, isNewRoot: boolean): void {
  try {
    // Where it is already it needs no permission of Node's.
    if (isNewRoot || currentFolder() !== cwd) process.chdir(cwd)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const why = isDenied(error) ? explainDenial(error, cwd) : reason
    throw refused('cwd', cwd, `must be a folder that can be entered: ${why}`, '', error)
  }
}

function setEnvironment({ env, cleanEnv }: Settings, { identity }: Rights): void {
  forgetSupervisor()
  if (cleanEnv) {
    const kept = [...CLEAN, ...Object.keys(homeVariable())]
    for (const name of Object.keys(process.env)) if (!kept.includes(name)) delete process.env[name]
  }
  for (const [name, value] of Object.entries({ ...accountVariables(identity), ...env })) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}
