/** The package and the programs that the parts execute. */

import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { root } from '../../scripts/lib/run.js'

/** The address of the package's facade. */
export const FACADE = pathToFileURL(join(root, 'dist/index.js')).href

/** The path of a program of `torture/programs`. */
export const program = (name) => fileURLToPath(new URL(`../programs/${name}`, import.meta.url))
