/** Provides `inside/` with functions of rooms that it does not import. Runs in both processes. */

import { provide } from './inside/provided.js'
import { droppedTo } from './options/drop-privileges.js'
import { signalActionValue, signalNameValue } from './options/signals.js'
import { abortSignalValue } from './options/values.js'
import { beginRestart } from './restart/begin.js'

provide({
  abortSignalValue,
  droppedTo,
  signalActionValue,
  signalNameValue,
  beginRestart,
})
