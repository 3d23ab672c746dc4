// Undoes at a script's end what must not outlive it. SIGINT, SIGTERM and SIGHUP end the script by `exit`, too.
import { constants } from 'node:os'

const pending = new Set()

process.on('exit', () => {
  for (const undo of [...pending].reverse()) undo()
})
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => process.exit(128 + constants.signals[name]))
}

/** Calls `undo`, which must be synchronous, when the script ends. Gives a function that calls it earlier, and once. */
export function atEnd(undo) {
  pending.add(undo)
  return () => {
    if (pending.delete(undo)) undo()
  }
}
