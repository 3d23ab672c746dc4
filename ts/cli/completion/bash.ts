/** Completions for bash, from version 3.2 on (macOS). */

import { COMPLETE } from './answer.js'

export function bash(program: string): string {
  return `# bash completion for ${program}
_${program}() {
  local IFS=$'\\n' at=1 line word words=()
  # bash takes --flag=value for three words.
  while [ "$at" -le "$COMP_CWORD" ]; do
    word="\${COMP_WORDS[at]}"
    if [ "$word" = = ] && [ "$at" -gt 1 ]; then
      words[\${#words[@]}-1]="\${words[\${#words[@]}-1]}="
      if [ "$at" -lt "$COMP_CWORD" ]; then
        at=$((at + 1))
        words[\${#words[@]}-1]="\${words[\${#words[@]}-1]}\${COMP_WORDS[at]}"
      fi
    else
      words[\${#words[@]}]="$word"
    fi
    at=$((at + 1))
  done
  word="\${COMP_WORDS[COMP_CWORD]}"
  [ "$word" = = ] && word=""
  COMPREPLY=()
  for line in $(${program} ${COMPLETE} "\${words[@]}" 2>/dev/null); do
    case "$line" in
      :files) COMPREPLY+=($(compgen -f -- "$word")) ;;
      :folders) COMPREPLY+=($(compgen -d -- "$word")) ;;
      :users) COMPREPLY+=($(compgen -u -- "$word")) ;;
      :groups) COMPREPLY+=($(compgen -g -- "$word")) ;;
      :names) COMPREPLY+=($(compgen -W "$(${program} completion names 2>/dev/null)" -- "$word")) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done
}
complete -o filenames -F _${program} ${program}
`
}
