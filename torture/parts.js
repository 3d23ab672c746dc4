/** All parts of the torture, in their order. */

import { faults } from './faults.js'
import { fuzzing } from './fuzz.js'
import { hostile } from './hostile.js'
import { keeper } from './keeper.js'
import { killed } from './killed.js'
import { leaks } from './leaks.js'
import { miri } from './miri.js'
import { model } from './model.js'
import { mutants } from './mutants.js'
import { onDemand } from './on-demand.js'
import { reuse } from './reuse.js'
import { sanitizer } from './sanitizer.js'
import { scale } from './scale.js'
import { storm } from './storm.js'

export const PARTS = [
  storm,
  onDemand,
  faults,
  hostile,
  killed,
  keeper,
  leaks,
  mutants,
  reuse,
  scale,
  model,
  fuzzing,
  miri,
  sanitizer,
]
