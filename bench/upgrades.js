/** Upgrades under load, on each Node.js: nobody is to notice. */

import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { installNode, MAJORS } from '../scripts/lib/nodes.js'
import { markdown, number } from './peers/table.js'

/** New connections a second. */
const RATE = 1_000
const RUN = fileURLToPath(new URL('upgrade-run.js', import.meta.url))

function page(rows) {
  const cells = rows.map(({ node, program, upgrades, answers, failed, slowest, upgrade, longest, drain }) => [
    `${program}, Node.js ${node}`,
    upgrades,
    answers,
    failed,
    ...[upgrade, longest, drain, slowest].map((time) => number(time, 'ms')),
  ])
  const head = [
    '',
    'upgrades',
    'requests',
    'failed',
    'upgrade, ms',
    'longest',
    'drain, ms',
    'slowest answer, ms',
  ]
  return `# Upgrades under load

${RATE} new connections a second, beside clients that keep theirs, post, wait before they ask, and get slow and large
answers. \`upgrade\` is the median time until it has resolved; \`drain\` from then until the process before is gone.

${markdown(head, cells)}
`
}

/** @param options count, node (release lines; all where none is given), program (names), out (a folder) */
export async function upgrades({ count, node, program, out }) {
  const rows = []
  for (const major of node.length > 0 ? node : MAJORS) {
    const binary = await installNode(major)
    if (binary === undefined) throw new Error(`Node.js ${major} cannot be installed`)
    for (const name of program.length > 0 ? program : ['http']) {
      const settings = JSON.stringify({ count, program: name, rate: RATE })
      const { stdout } = await promisify(execFile)(binary, [RUN, settings])
      const row = JSON.parse(stdout)
      console.error(stdout.trim())
      rows.push(row)
    }
  }
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'upgrades.json'), `${JSON.stringify(rows, undefined, 2)}\n`)
  writeFileSync(join(out, 'upgrades.md'), page(rows))
  console.log(page(rows))
  if (rows.some(({ failed }) => failed > 0)) process.exitCode = 1
}
