/** `context.restart()`: the daemon has itself replaced, by a helper that outlives it. */

import type { ChildProcess } from 'node:child_process'
import { beside } from '../binding/package-files.js'
import { packer } from '../binding/single-executable.js'
import { StartFailedError, UnsupportedError } from '../errors.js'
import { serializeArgs } from '../handover/args.js'
import { decodeRelaunch, encodeRelaunch, type Relaunch } from '../handover/relaunch.js'
import { runtimeFlags } from '../inside/runtimes.js'
import type { AdoptedState, LaunchSettings } from '../inside/state.js'
import { checkRelaunch, rightsLeft } from './checks.js'

/** How long the helper may take to begin, in milliseconds: it loads this package, and looks at one file. */
const HELPER_TIMEOUT = 30_000

/** What would lead the helper astray: it is no part of the program. */
const NOT_FOR_HELPER = /^(?:NODE_OPTIONS|BUN_OPTIONS|NODE_V8_COVERAGE)=/

/** What the helper is told. */
export interface RestartOrder {
  /** The daemon that is to be replaced. */
  readonly pid: number
  readonly pidFile: string
  /** What its successor is told. */
  readonly settings: LaunchSettings
  /** The arguments, serialised, in base64. */
  readonly args: string
  readonly relaunch: string
}

/** What the helper answers before it does anything. */
export type RestartAnswer = { readonly ok: true } | { readonly ok: false; readonly message: string }

/**
 * Begins the restart. Resolves to the helper, which from then on is about to stop this process.
 *
 * @throws DaemonError when the daemon would not start again, as far as that can be told; nothing has happened then
 */
export async function beginRestart(
  state: AdoptedState,
  args: readonly unknown[] | undefined,
): Promise<ChildProcess> {
  const { pid, pidFile, settings } = state
  const { relaunch, helper } = restartable(state)
  const left = rightsLeft(settings, relaunch, pidFile)
  const bytes = args === undefined ? argsOf(state) : serializeArgs(args)
  checkRelaunch(settings, left.relaunch, pidFile)
  const order: RestartOrder = {
    pid,
    pidFile,
    settings: { ...settings, identity: left.identity },
    args: bytes.toString('base64'),
    relaunch: encodeRelaunch(left.relaunch),
  }
  const child = spawnHelper(helper, left.relaunch)
  const failure = await answerOf(child, order)
  if (failure === undefined) return child
  child.kill('SIGKILL')
  const message = `The helper that restarts the daemon of ${pidFile} could not begin: ${failure}`
  throw new StartFailedError(message, { pidFile, step: 'helper' })
}

/** Who else could do it is somebody who has started this daemon. */
function restartable({ pidFile, detached, settings }: AdoptedState): { relaunch: Relaunch; helper: string } {
  const refuse = (why: string, advice: string): UnsupportedError =>
    new UnsupportedError(`context.restart() is not supported ${why}. ${advice}.`, {
      pidFile,
      feature: 'restart',
    })
  if (!detached || settings.relaunch === undefined) {
    const advice = 'End with stop(), and let the supervisor start it again'
    throw refuse('in the foreground and under a supervisor, which would lose the process it watches', advice)
  }
  const outside = 'Restart it from outside, by restart() of a Daemon'
  if (settings.chroot !== undefined)
    throw refuse("below another root folder ('chroot'), where the program is not", outside)
  if ((settings.keepFds ?? []).length > 0)
    throw refuse("with 'keepFds', which are its launcher's descriptors", outside)
  if (packer() !== undefined)
    throw refuse('in a single executable, which runs no other program than itself', outside)
  const helper = beside('restart-helper.js')
  if (helper === undefined) {
    const advice =
      "Put its dist/restart-helper.js beside the bundle. If this is none, the package's files are gone"
    throw refuse("without the package's own file that does it", advice)
  }
  return { relaunch: decodeRelaunch(settings.relaunch), helper }
}

function argsOf({ args }: AdoptedState): Buffer {
  return Buffer.isBuffer(args) ? args : serializeArgs(args)
}

/**
 * A process in a session of its own, which no signal to the daemon's group reaches. It has none of the daemon's
 * descriptors but the outputs, in which it says what goes wrong; its environment is that of the launch.
 */
function spawnHelper(helper: string, { plan }: Relaunch): ChildProcess {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const variables = plan.env.filter((variable) => !NOT_FOR_HELPER.test(variable))
  const env = Object.fromEntries(variables.map((variable) => splitOnce(variable)))
  return spawn(process.execPath, [...runtimeFlags(), helper], {
    cwd: plan.folder,
    env,
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
}

function splitOnce(variable: string): [string, string] {
  const at = variable.indexOf('=')
  return [variable.slice(0, at), variable.slice(at + 1)]
}

/** Gives the helper its order; why it cannot carry it out, when it cannot. */
function answerOf(child: ChildProcess, order: RestartOrder): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (failure: string | undefined): void => {
      clearTimeout(timer)
      resolve(failure)
    }
    const timer = setTimeout(done, HELPER_TIMEOUT, `it has not answered within ${HELPER_TIMEOUT} ms`)
    child.once('error', (error) => done(error.message))
    child.once('exit', (code, signal) => done(`it has ended (${signal ?? `exit code ${code}`})`))
    child.once('message', (answer: RestartAnswer) => done(answer.ok ? undefined : answer.message))
    // What fails here its end tells.
    child.send(order, () => {})
  })
}
