/**
 * `npm run bench` measures daimon's costs (figures.js), with --peers daimon beside others (peers/), with --scale
 * hundreds of daemons (scale.js), with --compile-cache a large server (compile-cache.js), with --upgrades upgrades
 * under load (upgrades.js).
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { atEnd } from '../scripts/lib/at-end.js'
import { root } from '../scripts/lib/run.js'
import { compileCache } from './compile-cache.js'
import { comparePeers, chosen as peersOf } from './peers/index.js'
import { scale } from './scale.js'
import { upgrades } from './upgrades.js'

const USAGE = `usage: npm run bench -- [--rounds N] [ROUNDS]
       npm run bench -- --peers [--rounds N] [--only NAME]… [--daemons N] [--idle MS] [--out DIR]
       npm run bench -- --scale [N] [--rounds N] [--idle MS] [--out DIR]
       npm run bench -- --compile-cache [--rounds N] [--idle MS]
       npm run bench -- --upgrades [N] [--node MAJOR]… [--program NAME]… [--out DIR]`

function options() {
  const text = { type: 'string' }
  const list = { type: 'string', multiple: true, default: [] }
  const flag = { type: 'boolean', default: false }
  const { values, positionals } = parseArgs({
    options: {
      peers: flag,
      scale: flag,
      'compile-cache': flag,
      upgrades: flag,
      rounds: text,
      daemons: text,
      idle: text,
      out: text,
      only: list,
      node: list,
      program: list,
    },
    allowPositionals: true,
  })
  if (values.peers) peersOf(values.only)
  const count = (value, otherwise, least = 1) => {
    const number = Number(value ?? otherwise)
    if (!Number.isInteger(number) || number < least) throw new Error(`${value} is no number from ${least} on`)
    return number
  }
  return {
    ...values,
    rounds: count(
      values.rounds ?? (values.scale || values.upgrades ? undefined : positionals[0]),
      values.peers || values.scale || values['compile-cache'] ? 20 : 30,
    ),
    daemons: count(values.scale ? positionals[0] : values.daemons, values.scale ? 500 : 50),
    idle: count(values.idle, 1_000, 0),
    count: count(values.upgrades ? positionals[0] : undefined, 50),
    out: resolve(values.out ?? join(root, 'target/bench')),
  }
}

const REAPED = 'DAIMON_BENCH_REAPED'
const here = (name) => fileURLToPath(new URL(name, import.meta.url))

let chosen
try {
  chosen = options()
} catch (error) {
  console.error(`${error.message}\n${USAGE}`)
  process.exit(2)
}

/** Runs a program on this terminal, and takes over its exit code. */
async function become(file, ...args) {
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, [REAPED]: 'true' } })
  // A SIGTERM that this process alone gets ends the program, too.
  const tidy = atEnd(() => child.kill('SIGTERM'))
  const [code] = await once(child, 'exit')
  tidy()
  process.exitCode = code ?? 1
}

const needsReaper = (chosen.peers || chosen.scale) && process.env[REAPED] === undefined

// The figures have a process of their own, because its memory is measured.
if (chosen['compile-cache']) await compileCache(chosen)
else if (chosen.upgrades) await upgrades(chosen)
else if (!chosen.peers && !chosen.scale)
  await become(process.execPath, here('figures.js'), String(chosen.rounds))
else if (needsReaper && spawnSync('python3', ['--version']).status === 0)
  await become('python3', here('reaper.py'), process.execPath, ...process.argv.slice(1))
else if (chosen.peers) await comparePeers({ ...chosen, isReaped: !needsReaper })
else await scale({ ...chosen, isReaped: !needsReaper })
