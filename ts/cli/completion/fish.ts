/** Completions for fish. */

import { COMPLETE } from './answer.js'

export function fish(program: string): string {
  return `# fish completion for ${program}
function __${program}_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  test (count $word) -eq 0; and set word ''
  # fish completes --flag=value as one word.
  set -l flag ''
  string match -q -- '--*=*' $word; and set flag (string replace -r -- '=.*' '=' $word)
  set -l value (string sub -s (math 1 + (string length -- $flag)) -- $word)
  for line in (${program} ${COMPLETE} $words[2..-1] $word 2>/dev/null)
    switch $line
      case :files
        printf '%s\\n' $flag(__fish_complete_path $value)
      case :folders
        printf '%s\\n' $flag(__fish_complete_directories $value '')
      case :users
        printf '%s\\n' $flag(__fish_complete_users)
      case :groups
        printf '%s\\n' $flag(__fish_complete_groups)
      case :names
        printf '%s\\n' $flag(${program} completion names 2>/dev/null)
      case '*'
        printf '%s\\n' $flag$line
    end
  end
end
complete -c ${program} -f -a '(__${program}_complete)'
`
}
