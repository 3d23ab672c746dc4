// Adds the std of every platform to the Rust of rustup.
import { run } from '../lib/run.js'
import { targets } from './targets.js'

process.exitCode = await run('rustup', ['target', 'add', ...targets.map(({ triple }) => triple)])
