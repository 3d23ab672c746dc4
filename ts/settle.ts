/** Loaded before a script that is a daemon's body, with a flag that the daemon then hides. Workers inherit the flag. */

import './index.js'
import type { AdoptedState } from './adopted.js'

// By the state that index.js has found, not by an export: nobody else is to call it.
const adopted: AdoptedState | undefined = Reflect.get(globalThis, Symbol.for('daimon.adopted'))
adopted?.beginScript()
