/** From flags to the options of a Daemon. */

import type { DaemonOptions } from '../types/options.js'
import { UsageError } from './errors.js'
import { type Flag, OPTION_FLAGS } from './flags.js'
import type { Values } from './parse.js'
import { optionValue } from './read.js'

const LOG_PART = /^log\./

/**
 * The options that the flags give. The Daemon checks their values.
 *
 * @param logFile - the log where no flag says where the output goes
 * @throws UsageError for a value that cannot be read
 */
export function optionsOf(values: Values, logFile?: (options: DaemonOptions) => string): DaemonOptions {
  const options: Record<string, unknown> = {}
  const logParts: Record<string, unknown> = {}
  let part: Flag | undefined
  for (const flag of OPTION_FLAGS) {
    const given = values[flag.name]
    if (flag.option === undefined || given === undefined) continue
    const isPart = LOG_PART.test(flag.option)
    if (isPart) part ??= flag
    const target = isPart ? logParts : options
    target[flag.option.replace(LOG_PART, '')] = optionValue(flag, given)
  }
  const isToldWhere = ['log', 'stdout', 'stderr'].some((option) => options[option] !== undefined)
  if (!isToldWhere && logFile !== undefined) options.log = logFile(options)
  if (part === undefined) return options
  if (options.log === undefined) throw new UsageError(`--${part.name} is about a log: give --log FILE, too`)
  options.log = { file: options.log, ...logParts }
  return options
}
