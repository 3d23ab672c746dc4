/** Provides `inside/` with functions of rooms that it does not import. Runs in both processes. */

import { serializeArgs } from './handover/args.js'
import { provide } from './inside/provided.js'
import { loadServing, loadVerbs } from './late.js'
import { refuseAbsent } from './options/absent.js'
import { droppedTo } from './options/drop-privileges.js'
import { signalActionValue, signalNameValue } from './options/signals.js'
import { abortSignalValue } from './options/values.js'

provide({
  abortSignalValue,
  droppedTo,
  refuseReopen: () => refuseAbsent('reopenLogs()', true),
  signalActionValue,
  signalNameValue,
  async beginRestart(state, args) {
    // Before the first await, because the caller may change the arguments afterwards.
    const bytes = args && serializeArgs(args)
    const { beginRestart } = await loadVerbs()
    return await beginRestart(state, bytes)
  },
  async loadService() {
    await loadServing()
  },
  async serve(plan) {
    const { serve } = await loadServing()
    return serve(plan)
  },
})
