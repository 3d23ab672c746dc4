/** Completions for fish. */

import type { Flag } from '../flags.js'
import type { Completed } from '../verbs/completion.js'
import { FIRST, NAMED, namesCommand, VALUES } from './words.js'

export function fish({ program, verbs }: Completed): string {
  const names = `-a '(${namesCommand(program)})'`
  const line = (condition: string, rest: string): string => `complete -c ${program} -n '${condition}' ${rest}`
  const lines = verbs.flatMap(({ name, summary, flags }) => [
    line('__fish_use_subcommand', `-f -a ${name} -d ${quote(summary)}`),
    ...flags.map((flag) => line(after(name), flagWords(flag, names))),
  ])
  const first = Object.entries(FIRST).map(([verb, words]) =>
    line(
      `${after(verb)}; and not __fish_seen_subcommand_from ${words.join(' ')}`,
      `-f -a ${quote(words.join(' '))}`,
    ),
  )
  const all = [...lines, ...first, line(after(...NAMED), `-f ${names}`)]
  return `# fish completion for ${program}\n${all.join('\n')}\n`
}

function after(...verbs: string[]): string {
  return `__fish_seen_subcommand_from ${verbs.join(' ')}`
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}

/** What the shell itself completes. */
const COMMANDS: Readonly<Record<string, string>> = {
  user: '(__fish_complete_users)',
  group: '(__fish_complete_groups)',
}

function flagWords({ name, short, value, help }: Flag, names: string): string {
  const words = VALUES[name]?.join(' ') ?? COMMANDS[name]
  const values = words === undefined ? '' : ` -f -a ${quote(words)}`
  const argument = value === undefined ? '' : name === 'name' ? ` -r -f ${names}` : ` -r${values}`
  return `-l ${name}${short === undefined ? '' : ` -s ${short}`}${argument} -d ${quote(help)}`
}
