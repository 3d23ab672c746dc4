/** The native binding, as the package loads it. */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from './index.js'

const name = readdirSync(join(ROOT, 'native')).find((name) => name.endsWith('.node'))

export const native = createRequire(import.meta.url)(join(ROOT, 'native', name))
