/**
 * The import hook, packed as `settle.js`: begins the script after the modules that the user's flags import. The preload
 * puts the function that begins the script into the shared state, and hides this hook's flag. Workers inherit the flag.
 * Runs in the daemon.
 */

import { sharedOfThisLayout } from '../binding/shared.js'

sharedOfThisLayout()?.beginScript?.()
