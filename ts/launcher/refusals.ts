/**
 * Refuses starts that cannot work at all. These checks come first, because they look only at the options and this
 * process, without asking the system. Runs in the launcher, and in the foreground's process.
 */

import { native } from '../binding/native.js'
import { isMainThread } from '../binding/platform.js'
import { electron, refuseSockets } from '../binding/runtimes.js'
import { isFromSnapshot, packer } from '../binding/single-executable.js'
import { type InvalidOptionError, UnsupportedError } from '../errors.js'
import { refuseInherited } from '../options/absent.js'
import type { Settings } from '../options/settings.js'
import { errorOf, named, refusal, say, show, subject } from '../say.js'
import { hasEvalFlag } from './node-flags.js'
import { AT_START } from './program/at-start.js'
import { testRunner } from './test-runner.js'

/** Main modules that end with the launcher: pipes, and files that only the launcher has open. */
const STANDARD_INPUT = /^(?:-|\/dev\/stdin|\/dev\/fd\/\d+|\/proc\/[^/]+\/fd\/\d+)$/
/** The names that Deno makes up for code from its command line, standard input or REPL. */
const DENO_MADE_UP = /\/\$deno\$\w+\.\w+$/

/**
 * Refuses a start for which there is nothing to run, and options that its body cannot have.
 *
 * @throws InvalidOptionError
 */
export function refuseBody(
  settings: Settings,
  detached: boolean = settings.detach !== false || settings.keeper !== undefined,
): void {
  const { run, script, executable, pidFile } = settings
  if (executable !== undefined) refuseRun(settings)
  else if (run === undefined && script === undefined) throw noBody(pidFile)
  else if (run === undefined) refuseForScript(settings, detached)
}

function noBody(pidFile: string): InvalidOptionError {
  const why = 'this Daemon can control a running daemon, but has nothing to start'
  const problem = say`is missing, and so is ${named('script')}: ${why}`
  return refusal({ option: 'run', problem, advice: 'Give one of them to start it.' }, { pidFile })
}

/** The options have been checked; a class may have a run() of its own. */
function refuseRun({ run, executable, pidFile }: Settings): void {
  if (run === undefined) return
  const problem = 'contradicts the class, which has a run() of its own'
  const advice = 'Leave one of them out.'
  throw refusal({ option: 'program', problem, advice }, { value: executable?.program, pidFile })
}

/**
 * Refuses arguments for a program, which has them as an option.
 *
 * @throws InvalidOptionError
 */
export function refuseArguments({ executable, pidFile }: Settings, args: readonly unknown[]): void {
  if (executable === undefined || args.length === 0) return
  const problem = say`are for a program of Node.js, but ${named('program')} is ${show(executable.program)}`
  const advice = say`Give its arguments as ${named('programArgs')}.`
  throw refusal({ option: 'args', problem, advice }, { value: args, pidFile })
}

/**
 * Refuses options that a plain script cannot have: it is loaded after a chroot, and a detached one is a program of its
 * own, which no function of this program reaches.
 *
 * @throws InvalidOptionError
 */
function refuseForScript({ signals, process: { chroot }, pidFile }: Settings, detached: boolean): void {
  if (chroot !== undefined) {
    const problem = 'is not for plain scripts, whose file and modules would have to be in there'
    const advice = say`Give ${named('run')} with the script: its module is loaded before.`
    throw refusal({ option: 'chroot', problem, advice }, { value: chroot, pidFile })
  }
  for (const [signal, value] of Object.entries(signals)) {
    if (typeof value !== 'function' || !detached) continue
    const option = `signals.${signal}`
    const problem = 'is a function, which cannot be given to a script'
    const run = named('run')
    const advice = say`Give an action by name, or ${run} with the script, or call process.on() there.`
    throw refusal({ option, problem, advice }, { value, pidFile })
  }
}

/**
 * Refuses to start anything from a startup snapshot.
 *
 * @throws UnsupportedError
 */
export function refuseSnapshot({ pidFile }: Settings): void {
  if (!isFromSnapshot) return
  const message =
    'Starting a daemon is not supported in a startup snapshot: what daimon learns of its process when it is loaded ' +
    'was learned when the snapshot was built. Run the program without one.'
  throw new UnsupportedError(message, { pidFile, feature: 'startup snapshot' })
}

/**
 * Refuses programs that nothing here can execute as a daemon.
 *
 * @throws UnsupportedError for a program of a kind that cannot be executed again at all
 * @throws InvalidOptionError naming `script` when this program cannot be executed again
 */
export function refuseProgram(settings: Settings): void {
  refuseSnapshot(settings)
  if (settings.socket !== undefined) refuseSockets(settings.pidFile)
  refuseInherited(settings.stdio)
  const { script, executable, pidFile, given } = settings
  if (executable !== undefined) return
  if (script === undefined) refuseOwnProgram(pidFile)
  if (script === undefined || packer() === undefined || given.execPath !== undefined) return
  const what = say`${subject('script')} is not supported in a single executable, which runs nothing but itself`
  const give = say`Give the ${named('execPath')} of a Node.js`
  const text = say`${what}. ${give}, and put the package's own files beside the executable.`
  throw errorOf(text, (message) => new UnsupportedError(message, { pidFile, feature: 'script' }))
}

/** Refuses a launcher's program that cannot be executed again. */
function refuseOwnProgram(pidFile: string): void {
  const giveScript = say`Give the daemon's module as ${named('script')}`
  const packed = packer()
  if (packed === 'deno') {
    const what = "An executable of 'deno compile' cannot be executed again as a daemon"
    const give = say`${giveScript}, with the ${named('execPath')} of what is to run it`
    const text = say`${what}. ${give}, use foreground(), or run the program by 'deno run'.`
    throw errorOf(text, (message) => new UnsupportedError(message, { pidFile, feature: 'deno compile' }))
  }
  if (electron() === 'app') {
    const what =
      'An app of Electron cannot be executed again as a daemon: it would open its windows once more'
    const text = say`${what}. ${giveScript}.`
    throw errorOf(text, (message) => new UnsupportedError(message, { pidFile, feature: 'Electron' }))
  }
  if (!isMainThread(native())) throw cannotRunAgain('a worker has no main program of its own', pidFile)
  if (packed === undefined) refuseMain(AT_START.argv[1], pidFile)
}

function refuseMain(main: string | undefined, pidFile: string): void {
  const runner = testRunner(main)
  if (runner !== undefined)
    throw cannotRunAgain(
      `this is a test (${runner}), and its main program would run all of them again`,
      pidFile,
    )
  if (hasEvalFlag(AT_START.execArgv)) return
  if (main === undefined || STANDARD_INPUT.test(main))
    throw cannotRunAgain('this program came from standard input', pidFile)
  if (DENO_MADE_UP.test(main)) throw cannotRunAgain("this program's code has no file of its own", pidFile)
}

function cannotRunAgain(why: string, pidFile: string): InvalidOptionError {
  const problem = `is missing: ${why}, so it cannot be executed again as a daemon`
  const advice = say`Give the daemon's module as ${named('script')} to new Daemon().`
  return refusal({ option: 'script', problem, advice }, { pidFile })
}
