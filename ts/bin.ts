#!/usr/bin/env node
/** The `daimon` command. */

import { main } from './cli/index.js'

await main(process.argv.slice(2), { program: 'daimon' })
