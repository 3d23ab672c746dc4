/** Programs as one file with what they need, by the tools that make such files. */

import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DAIMON, fixture, ROOT } from './index.js'

const NATIVE = readdirSync(join(ROOT, 'native')).filter((name) => name.endsWith('.node'))

/** Puts the binary beside what needs it. */
export function withBinary(folder) {
  for (const name of NATIVE) cpSync(join(ROOT, 'native', name), join(folder, name))
}

/** The text of a fixture that imports the package by that name. */
export function program(name, daimon = new URL(DAIMON).pathname) {
  return readFileSync(fixture(`launcher/executables/${name}`), 'utf8').replaceAll(
    "'DAIMON'",
    JSON.stringify(daimon),
  )
}

/** One file of the program and the package. */
export function bundle(t, source, format = 'cjs') {
  const file = join(dirname(source), `${basename(source, '.mjs')}.bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`)
  const flags = [
    '--bundle',
    '--platform=node',
    `--format=${format}`,
    `--outfile=${file}`,
    '--log-level=error',
  ]
  const { status, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/esbuild'), [source, ...flags])
  t.is(status, 0, String(stderr))
  return file
}

/** A single executable of Node.js, by a Node.js that has `--build-sea`. */
export function buildSea(t, main, output, { node = process.execPath, ...settings } = {}) {
  const config = `${output}.json`
  const all = { main, output, executable: node, disableExperimentalSEAWarning: true, ...settings }
  writeFileSync(config, JSON.stringify(all))
  const { status, stderr } = spawnSync(node, [`--build-sea=${config}`], { cwd: dirname(main) })
  t.is(status, 0, String(stderr))
  return output
}
