/** Completions for zsh: a file `_daimon` in its fpath, or `source <(daimon completion zsh)` after compinit. */

import { COMPLETE } from './answer.js'

export function zsh(program: string): string {
  return `#compdef ${program}
_${program}() {
  local line
  local -a answer found
  answer=("\${(@f)$(${program} ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  # Only the value is completed of --flag=value.
  [[ $PREFIX == --*=* ]] && compset -P '--*='
  for line in $answer; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      :users) _users ;;
      :groups) _groups ;;
      :names) compadd -- \${(f)"$(${program} completion names 2>/dev/null)"} ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done
  (( $#found )) && _describe word found
  (( compstate[nmatches] ))
}
if [[ \${funcstack[1]} == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`
}
