/**
 * Does the preload's work for a script where flags of the user's import modules first: loaded after them, by a flag
 * that the daemon then hides. Workers inherit the flag.
 */

import { adopted } from './adopted.js'
import { begin } from './script-body.js'

const state = adopted()
if (state?.isSettledByImport === true && state.settings.kind !== 'program') begin(state)
