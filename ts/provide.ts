/** Provides `inside/` with functions of rooms that it does not import. Runs in both processes. */

import { provide } from './inside/provided.js'
import { droppedTo } from './options/drop-privileges.js'
import { abortSignalValue, signalActionValue, signalNameValue } from './options/index.js'
import { beginRestart } from './restart/begin.js'
import { show } from './say.js'

provide({ abortSignalValue, droppedTo, signalActionValue, signalNameValue, show, beginRestart })
