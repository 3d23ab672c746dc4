/** The option `program`: an executable of any kind as the body, and what it excludes. Runs in both processes. */

import { fileURLToPath } from 'node:url'
import { isA } from '../handover/thrown.js'
import { either, invalid, named, refused, say, set, show, type Text } from '../say.js'
import type { ReadyMode } from '../types/options.js'
import { notSupported } from './identity.js'
import type { ExecutableSettings, Given, Readiness, ReadyGiven } from './settings.js'

/**
 * The program as it is executed, again and again: a path as it was given, because a link in it may lead elsewhere by
 * then, or a name to be looked for in PATH.
 */
export function programValue(option: string, value: unknown): string {
  if (typeof value === 'string' && !/^file:/i.test(value)) {
    if (value !== '' && !value.includes('\0')) return value
  } else if (typeof value === 'string' || isA(value, URL)) {
    try {
      return fileURLToPath(value)
    } catch (cause) {
      const what = `must be a path, a name or a file: URL of this machine, not ${show(String(value))}`
      throw refused(option, value, what, '', cause)
    }
  }
  throw invalid(option, value, 'a path, a name to be looked for in PATH, or a file: URL')
}

/** Options that only programs of Node.js have, and what to do about them. A function: few starts need it. */
function ofNode(): readonly (readonly [option: keyof Given, advice: Text])[] {
  const args = either(say`Give its arguments as ${named('programArgs')}.`, 'Give its arguments after it.')
  const one = 'Give one of them.'
  return [
    ['run', one],
    ['script', one],
    ['scriptArgs', say`${args}`],
    ['execPath', 'Give that program instead, and the script as its first argument.'],
    ['execArgv', say`${args}`],
    ['compileCache', 'Leave it out.'],
    ['signals', 'Leave it out: the program handles its signals itself.'],
    ['title', 'Leave it out: the program sets its title itself.'],
  ]
}

/**
 * The program; undefined where none is given.
 *
 * @throws InvalidOptionError for what a program cannot have, UnsupportedError where the system has no such bodies
 */
export function executableOf(given: Given): ExecutableSettings | undefined {
  const { program, programArgs, ready, stdout, stderr, listen = [], keepFds = [], instances = 1 } = given
  if (program === undefined) {
    if (programArgs === undefined) return undefined
    const what = say`(${show(programArgs)}) is for a program, but there is no ${named('program')}`
    throw refused('programArgs', programArgs, what, say`Give ${named('program')} too, or leave it out.`)
  }
  if (process.platform !== 'linux') throw notSupported('program')
  for (const [option, advice] of ofNode()) {
    const value = given[option]
    if (value === undefined || value === false) continue
    const what = say`is for programs of Node.js, and contradicts ${named('program')} (${show(program)})`
    throw refused(option, value, what, advice)
  }
  for (const stream of [stdout, stderr]) {
    if (stream?.kind !== 'file' || stream.rotation === undefined) continue
    const what = say`needs a program of Node.js, which rotates its log itself; ${named('program')} is ${show(program)}`
    throw refused('log.maxSize', stream.rotation.maxSize, what, 'Give it to logrotate, with copytruncate.')
  }
  const taken = keepFds.find((fd) => fd < 3 + listen.length)
  if (taken !== undefined) {
    const what = say`has ${taken.toString()}, the number of a socket of ${named('listen')} in the program`
    throw refused('keepFds', keepFds, what, `Open it as ${3 + listen.length} or above.`)
  }
  const how = readinessOf(ready)
  if (typeof how !== 'string' && listen.length > 0) {
    const what = say`is an address, but with ${named('listen')} connections are accepted before the program is ready`
    throw refused('ready', how, what, say`Give ${set('ready', 'notify')} or ${set('ready', 'running')}.`)
  }
  if (typeof how !== 'string' && instances > 1) {
    const what = say`is an address, which does not tell which of several ${named('instances')} accepts there`
    throw refused('ready', how, what, say`Give ${set('ready', 'notify')} or ${set('ready', 'running')}.`)
  }
  return { program, args: programArgs ?? [], ready: how }
}

function readinessOf(ready: ReadyGiven | undefined): Readiness {
  if (ready === 'manual') {
    const what = say`is 'manual', but a ${named('program')} has no context.ready()`
    throw refused(
      'ready',
      ready,
      what,
      say`Give ${set('ready', 'notify')}, if it can say READY=1 (sd_notify).`,
    )
  }
  return ready === undefined || ready === 'auto' ? 'running' : ready
}

/**
 * The option `ready` of a program of Node.js.
 *
 * @throws InvalidOptionError for what only a `program` can have
 */
export function readyModeOf({ ready = 'auto', program }: Given): ReadyMode {
  if (program !== undefined) return 'running'
  if (ready === 'auto' || ready === 'manual' || ready === 'running') return ready
  const what = say`is ${show(ready)}, which is for a ${named('program')}`
  throw refused('ready', ready, what, say`Give ${set('ready', 'manual')}, and call context.ready().`)
}
