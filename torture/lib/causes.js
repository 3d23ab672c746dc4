/** Who can have ended a daemon: nothing that a storm does to one of them may end another, or one that is starting. */

/** The operations that end a daemon. */
const ENDS = /^(?:stop|restart|crash)/

/** How a daemon ends if it is asked to, or killed. */
const ENDINGS = ({ exitSignal, exitCode }) => ['SIGTERM', 'SIGKILL'].includes(exitSignal) || exitCode === 0

/** An operation has its effect until it is over; that of an actor that was killed, or of an abort, may come later. */
const until = ({ ended, error }) => (error === undefined ? (ended ?? Infinity) : Infinity)

/** All that was told of a target, each operation once: the entry of its end, if there is one. */
function operationsOn(told, target) {
  const all = new Map()
  for (const one of told) if (one.target === target) all.set(`${one.launch} ${one.actor}`, one)
  return [...all.values()]
}

/** What is wrong with starts that have failed, and with daemons that have ended. @param over when all are stopped */
export function* unexplained(told, target, lives, over) {
  const operations = operationsOn(told, target)
  const enders = operations.filter(({ operation }) => ENDS.test(operation))
  for (const one of operations) {
    if (one.error?.code !== 'ERR_DAEMON_START_FAILED') continue
    const isAsked = enders.some((e) => e !== one && e.begun <= one.ended && until(e) >= one.begun)
    if (!ENDINGS(one.error) || !isAsked) yield `${one.operation} by ${one.actor}: ${one.error.message}`
  }
  for (const { pid, born, end } of lives.values()) {
    if (end === undefined || end.at >= over) continue
    const own = operations.find(({ launch }) => launch === born?.launch)
    const isFailed = own !== undefined && (own.ended === undefined || own.error !== undefined)
    const isAsked = enders.some((e) => e !== own && e.begun <= end.at && until(e) >= end.at)
    if (!isFailed && !isAsked) yield `${pid} has ended, and nobody has asked it to`
  }
}
