// What must not outlive a script, however it ends: Ctrl-C and SIGTERM end it by `exit`, too.
import { constants } from 'node:os'

const pending = new Set()

process.on('exit', () => {
  for (const undo of [...pending].reverse()) undo()
})
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => process.exit(128 + constants.signals[name]))
}

/** Has `undo`, which does not wait for anything, called at the latest when the script ends. Gives what calls it now. */
export function atEnd(undo) {
  pending.add(undo)
  return () => {
    if (pending.delete(undo)) undo()
  }
}
