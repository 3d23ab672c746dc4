/** The verb `unit`: files by which a system's own tools run a daemon, or rotate its log. */

import { Daemon } from '../index.js'
import { OK } from './exit-codes.js'
import { OPTION_FLAGS } from './flags.js'
import { optionsOf } from './options.js'
import { refuseChroot } from './target.js'
import { launchd } from './unit/launchd.js'
import { logrotate } from './unit/logrotate.js'
import { absolute, type Subject } from './unit/subject.js'
import { systemd } from './unit/systemd.js'
import { UsageError } from './usage.js'
import type { Call, Verb } from './verb.js'

const KINDS: Readonly<Record<string, (subject: Subject) => string>> = { systemd, launchd, logrotate }

export const unit: Verb = {
  name: 'unit',
  summary: 'Print a file for systemd, launchd or logrotate',
  form: {
    usage: 'systemd|launchd|logrotate [flags] [SCRIPT] [-- ARGS]',
    example: 'PROGRAM unit systemd --name web --user www-data server.js > web.service',
  },
  codes: '0 printed',
  flags: OPTION_FLAGS,
  run: async (call: Call) => {
    const [kind = '', script, ...more] = call.words.positionals
    const write = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
    if (write === undefined) {
      const given = kind === '' ? '' : `, not for '${kind}'`
      throw new UsageError(`unit prints a file for systemd, launchd or logrotate${given}`)
    }
    if (more.length > 0)
      throw new UsageError(`'${more[0]}' is one word too many; arguments of the script follow --`)
    if (script === undefined && kind !== 'logrotate') {
      throw new UsageError(`which script? For example: ${call.program} unit ${kind} --name web server.js`)
    }
    const text = write(subjectOf(call, kind, script))
    call.out.data({ kind, text }, text.trimEnd())
    return OK
  },
}

function subjectOf({ words }: Call, kind: string, script: string | undefined): Subject {
  const { values, rest = [] } = words
  // Only there is the default log meant: a supervisor takes the output itself.
  const options = optionsOf(values, kind === 'logrotate' ? () => './log' : undefined)
  const { name, execPath, execArgv, ...others } = options
  if (name === undefined) throw new UsageError('which daemon? Give --name NAME')
  refuseChroot(options)
  // Refuses what a start would refuse.
  const daemon = new Daemon({ name, ...others })
  return {
    name,
    options,
    values,
    daemon,
    script: script === undefined ? '' : absolute(script),
    args: rest,
    folder: absolute(String(options.cwd ?? '.')),
  }
}
