/** How the command speaks of options: by the flags that set them, where the verb has these. */

import type { Language } from '../say.js'
import type { Flag } from './flags.js'

/** Options of the package that are no flags of the command: words, flags of its own, or variables. */
const SUBJECTS: Readonly<Record<string, string>> = {
  lines: '--lines',
  DAIMON_HOME: 'The variable DAIMON_HOME',
  script: 'The script',
  program: 'The program',
  signal: 'The signal',
}

/**
 * The language of a verb with these flags. An option without a flag is one that the program has set: it is called as
 * the program calls it.
 *
 * @param subjects - what some options are called at the beginning of a text
 */
export function languageOf(
  flags: readonly Flag[],
  subjects: Readonly<Record<string, string>> = {},
): Language {
  const named: Readonly<Record<string, string>> = { ...SUBJECTS, ...subjects }
  // `signals.SIGHUP` is a part of an option; `log.maxSize` has a flag of its own.
  const flagOf = (option: string): Flag | undefined =>
    flags.find((flag) => flag.option === option) ?? flags.find((flag) => flag.option === option.split('.')[0])
  return {
    isCommandLine: true,
    subject: (option) => {
      const flag = flagOf(option)
      return named[option] ?? (flag === undefined ? `Option '${option}'` : `--${flag.name}`)
    },
    option: (option, value) => {
      const flag = flagOf(option)
      if (flag === undefined) return undefined
      return value === undefined || flag.value === undefined ? `--${flag.name}` : `--${flag.name} ${value}`
    },
  }
}
