// Copies this platform's binary of the cross build to native/, so that the tests run with the released binary.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.js'
import { binaries, host } from './targets.js'

mkdirSync(join(root, 'native'), { recursive: true })
copyFileSync(join(binaries, host.binary), join(root, 'native', host.binary))
