/**
 * Does the preload's work for a script where flags of the user's import modules first: loaded after them, by a flag
 * that the daemon then hides. Workers inherit the flag.
 */

import { begin } from './begin-script.js'
import { adopted } from './state.js'

const state = adopted()
if (state?.isSettledByImport === true && state.settings.kind !== 'program') begin(state)
