/** Signals and their actions, as users write them. Runs in both processes. */

import { didYouMean, either, invalid, refused, say, show } from '../say.js'
import type { NamedAction, SignalAction } from '../types/signals.js'
import { refuseAbsent } from './absent.js'
import { signalName, signalNumber } from './signal-names.js'
import { isRecord } from './values.js'

const ACTIONS: readonly NamedAction[] = ['stop', 'reload', 'reopen', 'ignore', 'default']
const UNCATCHABLE: readonly string[] = ['SIGKILL', 'SIGSTOP']

/** The usual name of a signal that a program can do something about. */
export function signalNameValue(option: string, value: unknown): NodeJS.Signals {
  if (typeof value !== 'string') throw invalid(option, value, "the name of a signal, such as 'SIGTERM'")
  const name = signalName(signalNumber(value, option))
  if (UNCATCHABLE.includes(name)) {
    throw refused(option, value, `has ${name}, which cannot be handled`, 'Leave it out.')
  }
  return name as NodeJS.Signals
}

/** An action by name, or a handler. */
export function signalActionValue(option: string, value: unknown): SignalAction {
  if (isHandler(value)) return value
  const action = ACTIONS.find((known) => known === value)
  if (action === 'reopen') refuseAbsent("'reopen'", true)
  if (action !== undefined) return action
  const guess = typeof value === 'string' ? didYouMean(value, ACTIONS) : undefined
  // A flag's value is no function.
  const expected = say`${either('a function or ', '')}one of ${ACTIONS.map(show).join(', ')}`
  throw invalid(option, value, expected, guess === undefined ? '' : `Did you mean '${guess}'?`)
}

function isHandler(value: unknown): value is (signal: NodeJS.Signals) => unknown {
  return typeof value === 'function'
}

/** The option `signals`. */
export function signalsValue(option: string, value: unknown): Readonly<Record<string, SignalAction>> {
  if (!isRecord(value)) throw invalid(option, value, 'an object of actions by the names of their signals')
  const actions: [string, SignalAction][] = []
  for (const [name, action] of Object.entries(value)) {
    const signal = signalNameValue(option, name)
    if (action !== undefined) actions.push([signal, signalActionValue(`${option}.${name}`, action)])
  }
  return Object.freeze(Object.fromEntries(actions))
}
