/** Completions for bash, from version 3.2 on (macOS). */

import type { Completed } from '../verbs/completion.js'
import { FIRST, NAMED, namesCommand, VALUES } from './words.js'

export function bash({ program, verbs }: Completed): string {
  const names = verbs.map(({ name }) => name).join(' ')
  const flags = verbs.map(
    ({ name, flags }) => `    ${name}) flags="${flags.map((flag) => `--${flag.name}`).join(' ')}" ;;`,
  )
  const first = Object.entries(FIRST).map(([verb, words]) => `      ${verb}) words="${words.join(' ')}" ;;`)
  const values = Object.entries(VALUES).map(
    ([flag, words]) => `    --${flag}) COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$word")); return ;;`,
  )
  return `# bash completion for ${program}
_${program}() {
  local IFS=$' \\t\\n' word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}"
  local flags="" words=""
  # In --flag=value the sign is a word.
  [ "$before" = = ] && before="\${COMP_WORDS[COMP_CWORD-2]}"
  [ "$word" = = ] && word=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} help --help --version" -- "$word"))
    return
  fi
  case "$verb" in
${flags.join('\n')}
  esac
  case "$before" in
    --user) COMPREPLY=($(compgen -u -- "$word")); return ;;
    --group) COMPREPLY=($(compgen -g -- "$word")); return ;;
    --name|-n) COMPREPLY=($(compgen -W "$(${namesCommand(program)})" -- "$word")); return ;;
${values.join('\n')}
  esac
  if [ "\${word#-}" != "$word" ]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
    return
  fi
  case "$verb" in
    signal) [ "$COMP_CWORD" -eq 2 ] || words="$(compgen -A signal SIG)" ;;
  esac
  if [ -z "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then
    case "$verb" in
      ${NAMED.join('|')}) words="$(${namesCommand(program)})" ;;
${first.join('\n')}
      help) words="${names}" ;;
    esac
  fi
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    return
  fi
  # One a line: a name may have blanks in it.
  IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _${program} ${program}
`
}
