/**
 * `settle.js`: begins a script where flags of the user's import modules, after them. The preload has left in the state
 * what to call, and hides this flag; workers inherit it. Runs in the daemon.
 */

import { sharedOfThisLayout } from '../binding/shared.js'

sharedOfThisLayout()?.beginScript?.()
