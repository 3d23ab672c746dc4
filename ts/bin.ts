#!/usr/bin/env node
/** The `daimon` command: the main module of its process. */

import * as command from './cli/index.js'
import { exportsOf } from './late.js'

const { main } = exportsOf('cli', command)

await main(process.argv.slice(2), { program: 'daimon' })
