/** What a daemon executes: which program, with which flags, arguments and environment. */

import { accessSync, constants } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { BodyKind } from './adopted.js'
import { InvalidOptionError, StartFailedError, UnsupportedError } from './errors.js'
import {
  absoluteExecArgv,
  absoluteNodeOptions,
  hasEvalFlag,
  scriptExecArgv,
  usesEsLoader,
} from './exec-argv.js'
import { beside, here } from './here.js'
import { native } from './native.js'
import type { Settings } from './options.js'
import { accountVariables, type Rights } from './rights.js'
import { runtimeFlags } from './runtime.js'
import { OURS_ALONE } from './supervisor.js'
import { testRunner } from './test-runner.js'

/** As at the start of the launcher: what the program does to them later, it does again in the daemon. */
const AT_START = { argv: [...process.argv], execArgv: [...process.execArgv], cwd: currentFolder() }

/** What belongs to the launcher alone, beside its supervisor's: its streams, its parent's channel, its test runner. */
const NOT_INHERITED = new RegExp(
  `^(?:${[
    'SYSTEMD_EXEC_PID',
    'JOURNAL_STREAM',
    'NODE_CHANNEL_.*',
    'NODE_UNIQUE_ID',
    'NODE_TEST_.*',
    'WATCH_REPORT_DEPENDENCIES',
    'DAIMON_ADOPTION',
  ].join('|')})$`,
)

/** What `cleanEnv` leaves. */
export const CLEAN: readonly string[] = ['PATH', 'HOME', 'LANG', 'TZ']

/** Main modules that are gone when the launcher is: pipes, and files that only it has open. */
const STANDARD_INPUT = /^(?:-|\/dev\/stdin|\/dev\/fd\/\d+|\/proc\/[^/]+\/fd\/\d+)$/

/** The command of a daemon, for the launch's plan. */
export interface Program {
  kind: BodyKind
  program: string
  args: string[]
  env: string[]
  /** Where it is executed, when that is not the present folder. */
  folder: string | undefined
}

function currentFolder(): string | undefined {
  try {
    return process.cwd()
  } catch {
    // Removed: paths that need it will say so.
    return undefined
  }
}

/**
 * What to execute for these settings.
 *
 * @throws InvalidOptionError when the program cannot be executed again and there is no `script`
 * @throws StartFailedError when this Node.js is to run it, and is where it was no longer
 */
export function programOf(settings: Settings, rights: Rights): Program {
  const { script, run, scriptArgs, execPath } = settings
  const folder = AT_START.cwd === currentFolder() ? undefined : AT_START.cwd
  const cwd = AT_START.cwd ?? '/'
  if (settings.given.execPath === undefined) checkOwnNode(settings)
  const execArgv = absoluteExecArgv(settings.execArgv ?? AT_START.execArgv, cwd)
  const env = environment(settings, rights, cwd)
  const variables = Array.from(env, ([name, value]) => `${name}=${value}`)
  const preload = beside('preload.cjs')
  // A bundle adopts at import instead.
  const preloadFlags = preload === undefined ? [] : ['--require', preload]
  if (script !== undefined) {
    const kind = run === undefined ? 'script' : 'module'
    // What the user asked for is for the script; what the launcher was started with may be about itself.
    const flags = settings.execArgv === undefined ? scriptExecArgv(execArgv) : execArgv
    const settle = usesEsLoader(flags, env.get('NODE_OPTIONS')) ? ['settle.js'] : []
    const needed = ['preload.cjs', 'index.js', ...settle]
    if (needed.some((name) => beside(name) === undefined)) throw bundled(needed)
    // Nothing of ours may follow the launcher's flags otherwise: some tools put their own command among them.
    const imports = settle.flatMap((name) => ['--import', new URL(name, here).href])
    // Another program is not of this runtime's kind, as far as anybody knows.
    const first = execPath === process.execPath ? runtimeFlags() : []
    const args = [execPath, ...first, ...preloadFlags, ...flags, ...imports, script, ...scriptArgs]
    return { kind, program: execPath, args, env: variables, folder }
  }
  const args = [
    process.execPath,
    ...runtimeFlags(),
    ...preloadFlags,
    ...execArgv,
    ...mainAndArguments(execArgv),
  ]
  return { kind: 'program', program: process.execPath, args, env: variables, folder }
}

function mainAndArguments(execArgv: readonly string[]): string[] {
  const [, main, ...rest] = AT_START.argv
  if (!native().isMainThread()) throw cannotRunAgain('a worker has no main program of its own')
  const runner = testRunner(main)
  if (runner !== undefined)
    throw cannotRunAgain(`this is a test (${runner}), and its main program would run all of them again`)
  if (hasEvalFlag(execArgv)) {
    const after = AT_START.argv.slice(1)
    return after.length > 0 ? ['--', ...after] : []
  }
  if (main === undefined || STANDARD_INPUT.test(main))
    throw cannotRunAgain('this program came from standard input')
  return [main, ...rest]
}

/** Here it is found before a restart has stopped anything: a new release may have taken the old one's place. */
function checkOwnNode({ script, pidFile }: Settings): void {
  const path = process.execPath
  const orGive = script === undefined ? '' : ", or give 'execPath'"
  const failed = (why: string, advice: string, cause?: unknown): StartFailedError =>
    new StartFailedError(`The Node.js that runs this program, '${path}', ${why}. ${advice}${orGive}.`, {
      pidFile,
      step: 'exec',
      cause,
    })
  // Node.js knows its own path from there.
  if (!isAbsolute(path)) throw failed('does not know where it is: /proc is missing', 'Mount it')
  try {
    accessSync(path, constants.X_OK)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const said = `cannot be executed any more: ${why.replace(/, access '.*'$/, '')}`
    throw failed(said, 'Run the program with a Node.js that is there', error)
  }
}

/** A script is made a daemon by what is loaded before it. */
function bundled(needed: readonly string[]): UnsupportedError {
  const message =
    "Option 'script' is not supported in a bundle without the package's own files: put its dist/" +
    `${needed.join(', dist/')} beside the bundle, or keep daimon out of it (esbuild: --external:daimon).`
  return new UnsupportedError(message, { feature: 'script' })
}

function cannotRunAgain(why: string): InvalidOptionError {
  return new InvalidOptionError(
    `Option 'script' is missing: ${why}, so it cannot be executed again as a daemon. ` +
      "Give the daemon's module as 'script'.",
    { option: 'script' },
  )
}

function environment({ env, cleanEnv }: Settings, { identity }: Rights, cwd: string): Map<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of Object.entries(process.env)) {
    const wanted = cleanEnv ? CLEAN.includes(name) : !(OURS_ALONE.test(name) || NOT_INHERITED.test(name))
    if (wanted && value !== undefined) all.set(name, value)
  }
  for (const [name, value] of Object.entries({ ...accountVariables(identity), ...env })) {
    if (value === undefined) all.delete(name)
    else all.set(name, value)
  }
  const nodeOptions = all.get('NODE_OPTIONS')
  if (nodeOptions !== undefined) all.set('NODE_OPTIONS', absoluteNodeOptions(nodeOptions, cwd))
  return all
}
