/** What an actor of the storm sees of the processes themselves, as soon as an operation has told something. */

import { bornOf, isDead, isEnding, isMarked, MARK, marked, until } from '../../scripts/lib/processes.js'
import { countedBy, entriesOf, keyOf } from './lives.js'

/** The bodies that had begun before that time, and live. */
const begunBefore = (records, time) =>
  entriesOf(records)
    .filter(({ what, at }) => what === 'begin' && at < time)
    .filter(({ pid, born }) => bornOf(pid) === born && !isDead(pid))

/** Whether a body writes one more line. One that is ending, or has been killed and is not quite dead, does not. */
async function goesOn(records, life) {
  const before = countedBy(records, keyOf(life))
  const hasWritten = () => countedBy(records, keyOf(life)) > before
  await until(() => isDead(life.pid) || hasWritten(), 'a line or the end')
  return hasWritten()
}

/** The PIDs of those who live, against what an operation has told. */
export async function survivorsOf({ operation, begun, launch, value, error }, records) {
  // A start that has failed, for whatever reason, has ended all that it has launched.
  if (error !== undefined) return /^(?:start|restart)/.test(operation) ? marked(launch, 'STORM_LAUNCH') : []
  if (!/^(?:stop|restart|exited)/.test(operation) && value?.state !== 'stopped') return []
  const all = begunBefore(records, begun).filter(({ pid }) => pid !== value.pid)
  // What a stop has found it has seen end, and another one may be ending. Others may find none, as a daemon that ends
  // gives its pidfile up first.
  const isStrict = value.wasRunning === true
  const lives = async (life) => (isStrict ? !isEnding(life.pid) : await goesOn(records, life))
  const live = await Promise.all(all.map(lives))
  return all.filter((_, index) => live[index]).map(({ pid }) => pid)
}

/** Whether an operation has named a process as the daemon that lives and is none of this run. */
export async function isStranger({ value, error }) {
  const pid = value?.state === 'running' ? value.pid : error?.pid
  if (pid === undefined) return false
  // One that is just being executed shows no variables for a moment.
  const look = () => isDead(pid) || isMarked(pid, process.env[MARK])
  return await until(look, 'a mark', 1_000).then(
    () => false,
    () => true,
  )
}
