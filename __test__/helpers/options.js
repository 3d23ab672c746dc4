/** What the tests of options share. */

import { validateOptions } from '../../build/options/validate.js'

/** The settings that such options come to, with a name. */
export const valid = (options, form = 'Daemon') => validateOptions({ name: 'x', ...options }, form)

export const isRoot = process.geteuid?.() === 0
