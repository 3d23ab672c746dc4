/** The model of the pidfile protocol, searched through all its states; and each of its rules, broken in turn. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run as runCommand } from '../scripts/lib/run.js'

const COMMAND = ['run', '--release', '--quiet', '-p', 'daimon-model', '--']

async function run({ folder, note, count, fail }) {
  const file = join(folder, 'model.json')
  const code = await runCommand('cargo', [...COMMAND, '--json', file])
  const { protocol, mutants } = JSON.parse(readFileSync(file, 'utf8'))
  count(
    'states of the protocol',
    protocol.reduce((all, { states }) => all + states, 0),
  )
  count('broken rules', mutants.length)
  for (const { setting, crashes, states, broken } of protocol)
    note({ setting, crashes, states, broken: broken.length })
  if (code !== 0) fail('a property does not hold, or a broken rule does not do what is expected: see above')
}

export const model = {
  name: 'model',
  summary: 'the pidfile protocol, through all states of a model, and with each rule broken',
  isCalm: true,
  run,
}
