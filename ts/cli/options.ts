/** From flags to the options of a Daemon. */

import type { DaemonOptions } from '../types/options.js'
import { UsageError } from './errors.js'
import { type Flag, OPTION_FLAGS } from './flags.js'
import type { Values } from './parse.js'
import { optionValue } from './read.js'

/** The parts of an option that the flags give, and the flag of the first of them. */
interface Parts {
  readonly first: Flag
  readonly values: Record<string, unknown>
}

/**
 * The options that the flags give. The Daemon checks their values.
 *
 * @param logFile - the log where no flag says where the output goes
 * @throws UsageError for a value that cannot be read
 */
export function optionsOf(values: Values, logFile?: (options: DaemonOptions) => string): DaemonOptions {
  const options: Record<string, unknown> = {}
  const parts = new Map<string, Parts>()
  for (const flag of OPTION_FLAGS) {
    const given = values[flag.name]
    if (flag.option === undefined || given === undefined) continue
    const [option = '', part] = flag.option.split('.')
    const value = optionValue(flag, given)
    if (part === undefined) {
      options[option] = value
      continue
    }
    const found = parts.get(option) ?? { first: flag, values: {} }
    found.values[part] = value
    parts.set(option, found)
  }
  const isToldWhere = ['log', 'stdout', 'stderr'].some((option) => options[option] !== undefined)
  if (!isToldWhere && logFile !== undefined) options.log = logFile(options)
  const log = parts.get('log')
  if (log !== undefined) {
    if (options.log === undefined)
      throw new UsageError(`--${log.first.name} is about a log: give --log FILE, too`)
    options.log = { file: options.log, ...log.values }
  }
  const respawn = parts.get('respawn')
  if (respawn !== undefined) {
    const { respawn: on } = options
    if (on === false)
      throw new UsageError(`--${respawn.first.name} contradicts --respawn=false: leave one out`)
    options.respawn = { ...(typeof on === 'string' ? { on } : {}), ...respawn.values }
  }
  return options
}
