/** `context.restart()`: the daemon begins its restart by a helper, which outlives it. Runs in the daemon. */

import type { ChildProcess } from 'node:child_process'
import { IS_WINDOWS } from '../binding/platform.js'
import { runtimeFlags } from '../binding/runtimes.js'
import { StartFailedError } from '../errors.js'
import { encodeRelaunch, type Relaunch } from '../handover/relaunch.js'
import type { RestartAnswer, RestartOrder } from '../handover/restart-order.js'
import type { State } from '../inside/state.js'
import { preflight } from '../launcher/preflight.js'
import { again } from './checks.js'

/** How long the helper may take to begin, in milliseconds: it loads this package, and looks at one file. */
const HELPER_TIMEOUT = 30_000

/** Variables that would change the helper, which is no part of the program. */
const NOT_FOR_HELPER = new RegExp('^(?:NODE_OPTIONS|BUN_OPTIONS|NODE_V8_COVERAGE)=', IS_WINDOWS ? 'i' : '')

/**
 * Begins the restart. Resolves to the helper, which then stops this process.
 *
 * @throws DaemonError when something is known that would keep the daemon from starting; nothing has happened then
 */
export async function beginRestart(state: State, args: Buffer | undefined): Promise<ChildProcess> {
  const { pidFile, settings } = state
  const { bytes, rights, resources } = await preflight(again(state, args ?? state.args), true)
  const { relaunch, helper } = resources
  const order: RestartOrder = {
    // The holder of the pidfile, which is a body's parent.
    pid: state.kept === undefined ? state.pid : process.ppid,
    pidFile,
    settings: { ...settings, identity: rights.identity },
    args: bytes.toString('base64'),
    relaunch: encodeRelaunch(relaunch),
  }
  const child = spawnHelper(helper, relaunch)
  const failure = await answerOf(child, order)
  if (failure === undefined) return child
  child.kill('SIGKILL')
  const message = `The helper that restarts the daemon of ${pidFile} could not begin: ${failure}`
  throw new StartFailedError(message, { pidFile, step: 'helper' })
}

/**
 * A process in a session of its own, which no signal to the daemon's group reaches. Of the daemon's descriptors it has
 * the outputs alone, to say there what goes wrong; its environment is that of the launch.
 */
function spawnHelper(helper: string, { plan }: Relaunch): ChildProcess {
  const { spawn } = process.getBuiltinModule('node:child_process')
  const variables = plan.env.filter((variable) => !NOT_FOR_HELPER.test(variable))
  const env = Object.fromEntries(variables.map((variable) => splitOnce(variable)))
  return spawn(process.execPath, [...runtimeFlags(), helper], {
    cwd: plan.folder,
    env,
    detached: true,
    windowsHide: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
}

function splitOnce(variable: string): [string, string] {
  const at = variable.indexOf('=')
  return [variable.slice(0, at), variable.slice(at + 1)]
}

/** Gives the helper its order. Resolves to the reason why the helper cannot carry it out; undefined when it can. */
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
    // If the order cannot be sent the helper has ended, which is told by 'exit'.
    child.send(order, () => {})
  })
}
