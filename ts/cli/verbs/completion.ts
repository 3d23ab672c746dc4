/** The verb `completion`: what shells load to complete verbs, flags and names of daemons. */

import { listed } from '../../say.js'
import { bash } from '../completion/bash.js'
import { fish } from '../completion/fish.js'
import { powershell } from '../completion/powershell.js'
import { zsh } from '../completion/zsh.js'
import { UsageError } from '../errors.js'
import { OK } from '../exit-codes.js'
import { ownNames } from '../own-daemons.js'
import type { Verb } from './verb.js'

const SHELLS: Readonly<Record<string, (program: string) => string>> = { bash, zsh, fish, powershell }
const NAMES = Object.keys(SHELLS)

export const completion: Verb = {
  name: 'completion',
  summary: `Print completions for ${listed(NAMES)}`,
  form: { usage: NAMES.join('|'), example: 'source <(PROGRAM completion bash)' },
  codes: '0 printed',
  flags: [],
  operands: [NAMES],
  run: async ({ words, out, program }) => {
    const [shell = '', ...more] = words.positionals
    if (shell === 'names' && more.length === 0) {
      // The completions ask for this: the names, one on each line, without a look at the daemons.
      const names = ownNames()
      out.data({ names }, names.length === 0 ? undefined : names.join('\n'))
      return OK
    }
    const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
    if (write === undefined || more.length > 0) {
      const given = shell === '' ? '' : `, not '${words.positionals.join(' ')}'`
      throw new UsageError(`completion knows ${listed(NAMES)}${given}`)
    }
    const text = write(program)
    out.data({ shell, text }, text.trimEnd())
    return OK
  },
}
