/** Completions for zsh: a file `_daimon` in its fpath, or `source <(daimon completion zsh)` after compinit. */

import type { Flag } from '../flags.js'
import type { Completed } from '../verbs/completion.js'
import { FIRST, NAMED, namesCommand, VALUES } from './words.js'

export function zsh({ program, verbs }: Completed): string {
  const about = verbs.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`)
  const cases = verbs.map(({ name, flags }) => {
    const specs = [
      ...flags.map((flag) => spec(flag, program)),
      ...firstWord(name, program),
      `'*:file:_files'`,
    ]
    return `    ${name}) _arguments ${specs.join(' ')} ;;`
  })
  return `#compdef ${program}
_${program}_names() { compadd -- \${(f)"$(${namesCommand(program)})"} }
_${program}() {
  local -a verbs=(
${about.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
${cases.join('\n')}
  esac
}
if [[ \${funcstack[1]} == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function firstWord(verb: string, program: string): string[] {
  if (NAMED.includes(verb)) return [`':daemon:_${program}_names'`]
  const words = FIRST[verb]
  return words === undefined ? [] : [`':what:(${words.join(' ')})'`]
}

/** What the shell itself completes. */
const ACTIONS: Readonly<Record<string, string>> = { user: '_users', group: '_groups' }

function spec({ name, short, value, collects, help }: Flag, program: string): string {
  // Brackets and colons are its own.
  const text = help.replaceAll(/[[\]:\\]/g, ' ')
  const words = VALUES[name]
  const own = name === 'name' ? `_${program}_names` : (ACTIONS[name] ?? '_files')
  const action = words === undefined ? own : `(${words.join(' ')})`
  const argument = value === undefined ? '' : `:${value.replaceAll(':', ' ')}:${action}`
  const repeated = collects === undefined ? '' : '*'
  const long = quote(`${repeated}--${name}[${text}]${argument}`)
  return short === undefined ? long : `${long} ${quote(`${repeated}-${short}[${text}]${argument}`)}`
}
