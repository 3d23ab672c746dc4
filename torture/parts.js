/** All parts of the torture, in their order. */

import { killed } from './killed.js'
import { mutants } from './mutants.js'
import { reuse } from './reuse.js'
import { storm } from './storm.js'

export const PARTS = [storm, killed, mutants, reuse]
