/** The verb `unit`: files by which a system's own tools run a daemon, or rotate its log. */

import { hasCode } from '../../binding/node-errors.js'
import { IS_WINDOWS } from '../../binding/platform.js'
import { Daemon, UnsupportedError } from '../../index.js'
import { refuseAbsent } from '../../options/absent.js'
import { currentFolder } from '../../options/current-folder.js'
import { programFile } from '../../options/executable-file.js'
import { scriptProblem } from '../../options/script.js'
import type { DaemonOptions } from '../../types/options.js'
import { UsageError } from '../errors.js'
import { OK } from '../exit-codes.js'
import { UNIT_FLAGS } from '../flags.js'
import { optionsOf } from '../options.js'
import { type BodyWords, bodyOf, refuseChroot } from '../target.js'
import { launchd } from '../unit/launchd.js'
import { logrotate } from '../unit/logrotate.js'
import { absolute, type Subject } from '../unit/subject.js'
import { systemd } from '../unit/systemd.js'
import { windows } from '../unit/windows.js'
import type { Call, Verb } from './verb.js'

type Kinds = Readonly<Record<string, (subject: Subject) => string>>

const OF_UNIX = { systemd, launchd, logrotate } as const
const OF_WINDOWS = { windows } as const
const KINDS: Kinds = IS_WINDOWS ? OF_WINDOWS : OF_UNIX

export const unit: Verb = {
  name: 'unit',
  summary: IS_WINDOWS
    ? 'Print the commands that install and remove a service'
    : 'Print a file for systemd, launchd or logrotate',
  form: {
    usage: `${Object.keys(KINDS).join('|')} [flags] [SCRIPT] [-- ARGS]`,
    example: IS_WINDOWS
      ? 'PROGRAM unit windows --name web server.js'
      : 'PROGRAM unit systemd --name web --user www-data server.js',
  },
  codes: '0 printed',
  flags: UNIT_FLAGS,
  operands: [Object.keys(KINDS), ':files'],
  run: async (call: Call) => {
    const [kind = '', ...words] = call.words.positionals
    const write = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
    if (write === undefined) throw unknownKind(kind)
    const example = `${call.program} unit ${kind} --name web server.js`
    // logrotate needs no script, but takes the same words as the others.
    const body =
      kind === 'logrotate' && words.length === 0
        ? undefined
        : bodyOf({ ...call.words, positionals: words }, example)
    const text = write(subjectOf(call, kind, body))
    call.out.data({ kind, text }, text.trimEnd())
    return OK
  },
}

function unknownKind(kind: string): UsageError | UnsupportedError {
  if (isKindOfUnix(kind)) refuseAbsent(`unit ${kind}`, true)
  if (kind === 'windows') {
    const message = 'unit windows is not supported here: it has paths of Windows. Call it there.'
    return new UnsupportedError(message, { feature: 'unit windows' })
  }
  const given = kind === '' ? '' : `, not for '${kind}'`
  const all = IS_WINDOWS ? 'windows' : 'a file for systemd, launchd or logrotate'
  return new UsageError(`unit prints ${all}${given}`)
}

function isKindOfUnix(kind: string): kind is keyof typeof OF_UNIX {
  return Object.hasOwn(OF_UNIX, kind)
}

function subjectOf({ words }: Call, kind: string, body: BodyWords | undefined): Subject {
  const { values } = words
  // Only logrotate needs the default log: a supervisor takes the output itself.
  const options = optionsOf(values, kind === 'logrotate' ? () => '/log' : undefined)
  const { name, execPath, execArgv, ...others } = options
  if (name === undefined) throw new UsageError('which daemon? Give --name NAME')
  if (body !== undefined && 'program' in body) return programOf({ words, options, name, body })
  refuseChroot(options)
  const path = body === undefined ? '' : scriptPath(body.script, execPath === undefined)
  // Refuses what a start would refuse.
  const daemon = new Daemon({ name, ...others })
  return {
    name,
    options,
    values,
    daemon,
    script: path,
    args: body?.scriptArgs ?? [],
    folder: () => folderOf(options),
  }
}

/** A program of any kind, which the supervisor runs itself. */
function programOf({ words, options, name, body }: ProgramWords): Subject {
  const folder = folderOf(options)
  // Refuses what a start would refuse.
  const daemon = new Daemon({ name, ...options, ...body })
  const file = programFile({ ...options, ...body, cwd: folder })
  return {
    name,
    options,
    values: words.values,
    daemon,
    script: '',
    program: file,
    args: body.programArgs,
    folder: () => folder,
  }
}

interface ProgramWords {
  readonly words: Call['words']
  readonly options: DaemonOptions
  readonly name: string
  readonly body: Extract<BodyWords, { program: string }>
}

function folderOf({ cwd }: DaemonOptions): string {
  return cwd === undefined ? presentFolder() : absolute(String(cwd))
}

/** As `run` will find it, which takes what Node.js takes. */
function scriptPath(script: string, isNodes: boolean): string {
  const path = absolute(script)
  const problem = scriptProblem(path, isNodes)
  if (problem === undefined) return path
  const { what, advice, cause } = problem
  const isMissing = hasCode(cause, 'ENOENT')
  const said = isMissing ? `there is no script ${path}` : `the script ${what}`
  throw new UsageError(`${said}${advice && `. ${advice}`}`)
}

function presentFolder(): string {
  const folder = currentFolder()
  if (folder !== undefined) return folder
  throw new UsageError('which folder? The current one is no longer there: give --cwd DIR')
}
