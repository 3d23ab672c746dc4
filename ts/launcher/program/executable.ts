/** The command of a daemon that is its program and its runtime in one file. Runs in the launcher. */

import { givenArguments, NODE_OPTIONS } from '../command-line.js'
import { absoluteNodeOptions } from '../node-flags.js'
import { AT_START } from './at-start.js'
import type { Command } from './index.js'

/** It takes no flags of ours, and adopts when it imports this package. */
export function executableCommand(cwd: string): Command {
  const { argv, commandLine } = AT_START
  const args = givenArguments(argv, commandLine).map((argument) => {
    const [flag] = NODE_OPTIONS.exec(argument) ?? []
    return flag === undefined ? argument : flag + absoluteNodeOptions(argument.slice(flag.length), cwd)
  })
  const [program, main] = [process.execPath, undefined]
  return { kind: 'program', program, args: [process.argv0, ...args], main, preloads: [] }
}
