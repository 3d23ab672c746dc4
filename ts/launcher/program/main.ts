/** The command of a daemon that is the launcher's own program, executed again. Runs in the launcher. */

import { isAbsolute } from 'node:path'
import { requireOwn } from '../../binding/require.js'
import { runtimeFlags } from '../../binding/runtimes.js'
import { commandLine, givenMain } from '../command-line.js'
import { absoluteExecArgv, hasEvalFlag } from '../node-flags.js'
import { AT_START, isFile } from './at-start.js'
import type { Command } from './index.js'
import { preloadFlags } from './own-files.js'

/** The same runtime, flags, main program and arguments, after the preload. */
export function mainCommand(cwd: string): Command {
  const { execPath } = process
  const execArgv = absoluteExecArgv(AT_START.execArgv, cwd)
  const { main, rest } = hasEvalFlag(execArgv)
    ? { main: undefined, rest: argumentsOfCode(execArgv) }
    : mainAndArguments()
  const flags = preloadFlags()
  return {
    kind: 'program',
    program: execPath,
    args: [execPath, ...runtimeFlags(), ...flags, ...execArgv, ...rest],
    main,
    preloads: flags.slice(1),
  }
}

/** `node -e CODE` has its code among the flags. */
function argumentsOfCode(execArgv: readonly string[]): string[] {
  const after = AT_START.argv.slice(1)
  // Bun shows the `--` that it was given.
  return after.length > 0 && !execArgv.includes('--') ? ['--', ...after] : after
}

function mainAndArguments(): { main: string | undefined; rest: string[] } {
  const { argv, hasMainFile } = AT_START
  const [, main = '', ...rest] = argv
  if (hasMainFile) return { main, rest: [main, ...rest] }
  const given = isThere(main) ? main : (givenMain(argv, commandLine()) ?? main)
  return { main: isFile(given) ? given : undefined, rest: [given, ...rest] }
}

/** Some programs put the name that they are called by into argv[1]. */
function isThere(main: string): boolean {
  try {
    // With a bare name it would look for a package.
    if (!isAbsolute(main)) return false
    requireOwn().resolve(main)
    return true
  } catch {
    return false
  }
}
