// Copies this platform's binary and keeper of the cross build to native/, so that the tests run with what is released.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.js'
import { binaries, host, KEEPER, keeperOf } from './targets.js'

mkdirSync(join(root, 'native'), { recursive: true })
copyFileSync(join(binaries, host.binary), join(root, 'native', host.binary))
const keeper = keeperOf(host)
if (keeper !== undefined) copyFileSync(join(binaries, keeper), join(root, 'native', KEEPER))
