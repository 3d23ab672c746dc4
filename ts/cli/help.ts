/** Help, in 80 columns. */

import type { Flag } from './flags.js'
import { table } from './format.js'
import type { Form, Verb } from './verbs/verb.js'

/** The overview of all verbs. */
export function overview(program: string, verbs: readonly Verb[], hasVersion: boolean): string {
  const rows = verbs.map(({ name, summary }) => [`  ${name}`, summary])
  const version = hasVersion ? `\n"${program} --version" shows the version.` : ''
  const more = `"${program} VERB --help" shows the flags of a verb and an example.${version}`
  return `Usage: ${program} VERB [flags]\n\n${table(rows)}\n\n${more}`
}

/** The help of one verb. */
export function verbHelp(program: string, verb: Verb, form: Form, flags: readonly Flag[]): string {
  return [
    `Usage: ${`${program} ${verb.name} ${form.usage}`.trim()}`,
    `${verb.summary}.`,
    `Example:\n  ${form.example.replaceAll('PROGRAM', program)}`,
    `Exit codes: ${verb.codes}; 2 wrong command line.`,
    `Flags:\n${flags.map(flagLine).join('\n')}`,
  ].join('\n\n')
}

const HELP_COLUMN = 32

function flagLine({ name, short, value, isOptional, collects, help }: Flag): string {
  const dashes = short === undefined ? '    ' : `-${short}, `
  const shown = value === undefined ? '' : isOptional === true ? `[=${value}]` : ` ${value}`
  const left = `  ${dashes}--${name}${shown}${collects === undefined ? '' : ' …'}`
  return left.length < HELP_COLUMN - 1
    ? `${left.padEnd(HELP_COLUMN)}${help}`
    : `${left}\n${' '.repeat(HELP_COLUMN)}${help}`
}
