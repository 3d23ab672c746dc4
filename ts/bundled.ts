/**
 * The facade for bundlers, with all parts from the beginning: an import in the middle of a bundle may be evaluated
 * after a program that still waits in a top-level await, or be in a file that is gone when a daemon wants it. Runs in
 * both processes.
 */

import * as cli from './cli/index.js'
import { takeParts } from './late.js'
import * as serving from './serving/index.js'
import * as verbs from './verbs.js'

export * from './index.js'

takeParts({ verbs, serving, cli })
