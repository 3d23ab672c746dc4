/** A service of Windows: the commands that install and remove it, for an administrator's cmd.exe. */

import { CommandError, UsageError } from '../errors.js'
import { onOneLine, refuseAnyProgram, runCommand, type Subject } from './subject.js'

export function windows(subject: Subject): string {
  refuseAnyProgram(subject, 'windows')
  const { name, folder, values } = subject
  for (const flag of ['log', 'stdout', 'stderr']) {
    if (values[flag] === undefined) continue
    const why = "a service's output goes nowhere, and cannot be redirected"
    throw new CommandError(
      `--${flag} is not supported for a service: ${why}. Let the program write its own log`,
    )
  }
  // A service begins in the system's own folder, and has no variables but the machine's.
  const command = runCommand(subject, [], ['--cwd', folder()])
  const line = command.map((word) => argument(onOneLine(word, `'${word}'`))).join(' ')
  return [
    `sc.exe create ${name} ${forCmd(`binPath= ${argument(line, true)} start= auto`)}`,
    `sc.exe start ${name}`,
    '',
    `rem sc.exe stop ${name}`,
    `rem sc.exe delete ${name}`,
    '',
  ].join('\r\n')
}

/**
 * One argument, as programs of Windows take a command line apart: backslashes escape only in front of a quote.
 *
 * @param always - in quotes, whether needed or not
 */
export function argument(word: string, always = false): string {
  if (!always && word !== '' && !/[\s"]/.test(word)) return word
  return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`
}

/** cmd.exe knows no backslashes: each quote begins or ends a part in which its own characters are plain. */
export function forCmd(line: string): string {
  if (/%/.test(line)) {
    throw new UsageError('cmd.exe has no way to write % in a command: rename what has it, or leave it out')
  }
  let isQuoted = false
  return line.replaceAll(/["&|<>^()]/g, (character) => {
    if (character === '"') isQuoted = !isQuoted
    return character === '"' || isQuoted ? character : `^${character}`
  })
}
