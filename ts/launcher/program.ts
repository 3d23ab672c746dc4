/** What a daemon executes: which program, with which flags, arguments and environment. */

import { accessSync, constants, existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explainDenial, ifPermitted } from '../binding/denied.js'
import { accountVariables, type Rights } from '../binding/identity.js'
import { native } from '../binding/native.js'
import { beside, denialOf, here } from '../binding/package-files.js'
import { requireFrom } from '../binding/require.js'
import { isFromSnapshot, packer } from '../binding/single-executable.js'
import { InvalidOptionError, StartFailedError, UnsupportedError } from '../errors.js'
import { electron, runtimeFlags } from '../inside/runtimes.js'
import type { BodyKind } from '../inside/state.js'
import { currentFolder, homeVariable, type Settings, scriptOrPath } from '../options/index.js'
import { OURS_ALONE } from '../supervisor/environment.js'
import { commandLine, givenArguments, givenMain, NODE_OPTIONS } from './command-line.js'
import {
  absoluteExecArgv,
  absoluteNodeOptions,
  hasEvalFlag,
  scriptExecArgv,
  usesEsLoader,
} from './node-flags.js'
import { testRunner } from './test-runner.js'

/** As at the start of the launcher: what the program does to them later, it does again in the daemon. */
const AT_START = {
  argv: [...process.argv],
  execArgv: [...process.execArgv],
  cwd: currentFolder(),
  // Of a single executable's alone something is hidden: there argv[1] is argv[0] once more.
  commandLine: process.argv[1] === process.argv0 ? commandLine() : [],
}

/** The package's own files that a daemon begins with; as many of them as have been put beside a bundle. */
const OWN_FILES = ['preload.cjs', 'index.js', 'settle.js'].filter((name) => beside(name) !== undefined)

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
/** The names that Deno makes up for code from its command line, standard input or REPL. */
const DENO_MADE_UP = /\/\$deno\$\w+\.\w+$/

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
  /** Where it is executed, when that is not the present folder. */
  folder: string | undefined
}

/**
 * What to execute for these settings.
 *
 * @throws InvalidOptionError when the program cannot be executed again and there is no `script`
 * @throws StartFailedError when this Node.js is to run it, and is where it was no longer; when the package is not
 * @throws UnsupportedError for a program of a kind that cannot be executed again at all
 */
export function programOf(settings: Settings, rights: Rights): Program {
  const { script } = settings
  checkProgram(settings)
  if (settings.given.execPath === undefined) checkOwnNode(settings)
  const cwd = AT_START.cwd ?? '/'
  const env = environment(settings, rights, cwd)
  const { kind, program, args, main, preloads } =
    script !== undefined
      ? scriptCommand(settings, script, cwd, env.get('NODE_OPTIONS'))
      : packer() !== undefined
        ? executableCommand(cwd)
        : mainCommand(settings, cwd)
  // As its own child_process.fork() does: without it, it would open another window.
  if (electron() !== undefined && program === process.execPath) env.set('ELECTRON_RUN_AS_NODE', '1')
  return {
    kind,
    program,
    args,
    main,
    preloads,
    env: Array.from(env, ([name, value]) => `${name}=${value}`),
    folder: AT_START.cwd === currentFolder() ? undefined : AT_START.cwd,
  }
}

type Command = Omit<Program, 'env' | 'folder'>

function scriptCommand(settings: Settings, script: string, cwd: string, nodeOptions?: string): Command {
  const { run, scriptArgs, execPath } = settings
  // Those that are built into an executable are its own.
  const inherited = packer() === undefined ? AT_START.execArgv : []
  const execArgv = absoluteExecArgv(settings.execArgv ?? inherited, cwd)
  // What the user asked for is for the script; what the launcher was started with may be about itself.
  const flags = settings.execArgv === undefined ? scriptExecArgv(execArgv) : execArgv
  const settle = usesEsLoader(flags, nodeOptions) ? ['settle.js'] : []
  const needed = ['preload.cjs', 'index.js', ...settle]
  if (needed.some((name) => !OWN_FILES.includes(name))) throw bundled(needed)
  for (const name of needed) ownFile(name, settings)
  // Nothing of ours may follow the launcher's flags otherwise: some tools put their own command among them.
  const imports = settle.flatMap((name) => ['--import', new URL(name, here).href])
  // Another program is not of this runtime's kind, as far as anybody knows.
  const first = execPath === process.execPath ? runtimeFlags() : []
  const { main } = scriptOrPath(script)
  return {
    kind: run === undefined ? 'script' : 'module',
    program: execPath,
    args: [execPath, ...first, ...preloadFlags(settings), ...flags, ...imports, main, ...scriptArgs],
    main,
    preloads: ['preload.cjs', ...settle].map((name) => ownFile(name, settings)),
  }
}

/** The launcher's own program, by its runtime. */
function mainCommand(settings: Settings, cwd: string): Command {
  const { execPath } = process
  const execArgv = absoluteExecArgv(AT_START.execArgv, cwd)
  const rest = mainAndArguments(execArgv)
  const [main = ''] = rest
  const flags = preloadFlags(settings)
  return {
    kind: 'program',
    program: execPath,
    args: [execPath, ...runtimeFlags(), ...flags, ...execArgv, ...rest],
    // Loaders may find what has no such file.
    main: isAbsolute(main) && ifPermitted(() => existsSync(main), false) ? main : undefined,
    preloads: flags.slice(1),
  }
}

/** An executable that is the program and its runtime in one: it takes no flags, and adopts when it imports this. */
function executableCommand(cwd: string): Command {
  if (!native().isMainThread()) throw cannotRunAgain('a worker has no main program of its own')
  const { argv, commandLine } = AT_START
  const args = givenArguments(argv, commandLine).map((argument) => {
    const [flag] = NODE_OPTIONS.exec(argument) ?? []
    return flag === undefined ? argument : flag + absoluteNodeOptions(argument.slice(flag.length), cwd)
  })
  const [program, main] = [process.execPath, undefined]
  return { kind: 'program', program, args: [process.argv0, ...args], main, preloads: [] }
}

/** A bundle adopts at import instead. */
function preloadFlags(settings: Settings): string[] {
  return OWN_FILES.includes('preload.cjs') ? ['--require', ownFile('preload.cjs', settings)] : []
}

/**
 * Refuses programs that nothing here can execute again as they were.
 *
 * @throws UnsupportedError
 */
function checkProgram(settings: Settings): void {
  checkSnapshot(settings)
  const { script, pidFile, given } = settings
  const packed = packer()
  if (script !== undefined && packed !== undefined && given.execPath === undefined) {
    const message =
      "Option 'script' is not supported in a single executable, which runs nothing but itself. " +
      "Give the 'execPath' of a Node.js, and put the package's own files beside the executable."
    throw new UnsupportedError(message, { pidFile, feature: 'script' })
  }
  if (script !== undefined) return
  const giveScript = "Give the daemon's module as 'script'"
  if (packed === 'deno') {
    const message =
      `An executable of 'deno compile' cannot be executed again as a daemon. ${giveScript}, ` +
      "with the 'execPath' of what is to run it, use foreground(), or run the program by 'deno run'."
    throw new UnsupportedError(message, { pidFile, feature: 'deno compile' })
  }
  if (electron() === 'app') {
    const message =
      'An app of Electron cannot be executed again as a daemon: it would open its windows once more. ' +
      `${giveScript}.`
    throw new UnsupportedError(message, { pidFile, feature: 'Electron' })
  }
}

/**
 * Refuses to start anything from a startup snapshot.
 *
 * @throws UnsupportedError
 */
export function checkSnapshot({ pidFile }: Settings): void {
  if (!isFromSnapshot) return
  const message =
    'Starting a daemon is not supported in a startup snapshot: what daimon learns of its process when it is loaded ' +
    'was learned when the snapshot was built. Run the program without one.'
  throw new UnsupportedError(message, { pidFile, feature: 'startup snapshot' })
}

function mainAndArguments(execArgv: readonly string[]): string[] {
  const [, main, ...rest] = AT_START.argv
  if (!native().isMainThread()) throw cannotRunAgain('a worker has no main program of its own')
  const runner = testRunner(main)
  if (runner !== undefined)
    throw cannotRunAgain(`this is a test (${runner}), and its main program would run all of them again`)
  if (hasEvalFlag(execArgv)) {
    const after = AT_START.argv.slice(1)
    // Bun shows the one that it was given.
    return after.length > 0 && !execArgv.includes('--') ? ['--', ...after] : after
  }
  if (main === undefined || STANDARD_INPUT.test(main))
    throw cannotRunAgain('this program came from standard input')
  if (DENO_MADE_UP.test(main)) throw cannotRunAgain("this program's code has no file of its own")
  return [isThere(main) ? main : (givenMain(AT_START.argv, commandLine()) ?? main), ...rest]
}

/** Some programs put the name that they are called by into argv[1]. */
function isThere(main: string): boolean {
  try {
    // With a bare name it would look for a package.
    if (!isAbsolute(main)) return false
    requireFrom(here).resolve(main)
    return true
  } catch {
    return false
  }
}

/** Here it is found before a restart has stopped anything: a new release may have taken the old one's place. */
function checkOwnNode({ script, pidFile }: Settings): void {
  const path = process.execPath
  const orGive = script === undefined ? '' : ", or give 'execPath'"
  const isPacked = packer() !== undefined
  const what = isPacked
    ? `This program's executable, '${path}',`
    : `The Node.js that runs this program, '${path}',`
  const failed = (why: string, advice: string, cause?: unknown): StartFailedError =>
    new StartFailedError(`${what} ${why}. ${advice}${orGive}.`, { pidFile, step: 'exec', cause })
  // Node.js knows its own path from there.
  if (!isAbsolute(path)) throw failed('does not know where it is: /proc is missing', 'Mount it')
  try {
    // What Node.js may not look at it can execute all the same.
    ifPermitted(() => accessSync(path, constants.X_OK), undefined)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const said = `cannot be executed any more: ${why.replace(/, access '.*'$/, '')}`
    const advice = isPacked ? 'Put it back' : 'Run the program with a Node.js that is there'
    throw failed(said, advice, error)
  }
}

/** Its path. The package may have been removed since this process has loaded it, or be out of its reach by now. */
function ownFile(name: string, { pidFile }: Settings): string {
  const path = fileURLToPath(new URL(name, here))
  try {
    accessSync(path, constants.R_OK)
    return path
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message =
      `daimon's own file '${path}', which a daemon begins with, cannot be read any more: ` +
      `${why.replace(/, access '.*'$/, '')}. Put daimon back there, or start this program anew where it is now.`
    throw new StartFailedError(message, { pidFile, step: 'exec', cause })
  }
}

/** A script is made a daemon by what is loaded before it. */
function bundled(needed: readonly string[]): UnsupportedError {
  const denial = needed.map(denialOf).find((found) => found !== undefined)
  const why =
    denial === undefined
      ? `put its dist/${needed.join(', dist/')} beside the bundle, ` +
        'or keep daimon out of it (esbuild: --external:daimon)'
      : explainDenial(denial)
  const message = `Option 'script' is not supported in a bundle without the package's own files: ${why}.`
  return new UnsupportedError(message, { feature: 'script', cause: denial })
}

function cannotRunAgain(why: string): InvalidOptionError {
  return new InvalidOptionError(
    `Option 'script' is missing: ${why}, so it cannot be executed again as a daemon. ` +
      "Give the daemon's module as 'script' to new Daemon().",
    { option: 'script' },
  )
}

function environment({ env, cleanEnv }: Settings, { identity }: Rights, cwd: string): Map<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of Object.entries(process.env)) {
    const wanted = cleanEnv ? CLEAN.includes(name) : !(OURS_ALONE.test(name) || NOT_INHERITED.test(name))
    if (wanted && value !== undefined) all.set(name, value)
  }
  for (const [name, value] of Object.entries({ ...homeVariable(), ...accountVariables(identity), ...env })) {
    if (value === undefined) all.delete(name)
    else all.set(name, value)
  }
  const nodeOptions = all.get('NODE_OPTIONS')
  if (nodeOptions !== undefined) all.set('NODE_OPTIONS', absoluteNodeOptions(nodeOptions, cwd))
  return all
}
