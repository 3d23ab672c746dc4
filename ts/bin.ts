#!/usr/bin/env node
/** The `daimon` command: the main module of its process. */

import { main } from './cli/index.js'

await main(process.argv.slice(2), { program: 'daimon' })
