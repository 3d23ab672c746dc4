/** All parts of the torture, in their order. */

import { fuzzing } from './fuzz.js'
import { killed } from './killed.js'
import { miri } from './miri.js'
import { model } from './model.js'
import { mutants } from './mutants.js'
import { reuse } from './reuse.js'
import { sanitizer } from './sanitizer.js'
import { storm } from './storm.js'

export const PARTS = [storm, killed, mutants, reuse, model, fuzzing, miri, sanitizer]
