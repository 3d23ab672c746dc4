// Where rustup can be had: the std of every platform.
import { run } from '../lib/run.js'
import { targets } from './targets.js'

process.exitCode = await run('rustup', ['target', 'add', ...targets.map(({ triple }) => triple)])
