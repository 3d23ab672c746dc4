/** All parts of the torture, in their order. */

import { storm } from './storm.js'

export const PARTS = [storm]
