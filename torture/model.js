/** The model of the pidfile protocol, searched through all its states; and each of its rules, broken in turn. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stream } from '../scripts/lib/run.js'

const COMMAND = ['run', '--release', '--quiet', '-p', 'daimon-model', '--']

/** Runs the model. Gives its report, and what it has printed: paths to each broken property, many hundred lines. */
async function search(file) {
  const lines = []
  const onLine = (line) => lines.push(line)
  const { code } = await stream('cargo', [...COMMAND, '--json', file], { mergeStderr: true, onLine })
  if (code !== 0) console.log(lines.join('\n'))
  return { code, ...JSON.parse(readFileSync(file, 'utf8')) }
}

/** What a broken rule breaks; of a rule that others cover why it is there all the same. */
function breaksOf({ broken, expected }) {
  const properties = broken.map(({ property }) => property).join(', ')
  const why = /^Survives\("(.*)"\)$/s.exec(expected)?.[1].replaceAll('\\"', '"')
  return properties || `nothing${why === undefined ? '' : `, as is known. ${why}`}`
}

async function run({ folder, note, count, fail }) {
  const { code, protocol, mutants } = await search(join(folder, 'model.json'))
  count(
    'states of the protocol',
    protocol.reduce((all, { states }) => all + states, 0),
  )
  count('broken rules', mutants.length)
  for (const { setting, roles, crashes, states, broken } of protocol) {
    const verbs = roles.replace(/^\[|\]$/g, '')
    note({
      setting,
      verbs,
      crashes,
      states,
      breaks: broken.map(({ property }) => property).join(', ') || 'nothing',
    })
  }
  for (const { rule, instead, asExpected, ...found } of mutants)
    note({ rule, instead, breaks: breaksOf(found), 'as it must': asExpected ? 'yes' : '**no**' })
  if (code !== 0) fail('a property does not hold, or a broken rule does not break what it must: see above')
}

export const model = {
  name: 'model',
  summary: 'the pidfile protocol, through all states of a model, and with each rule broken',
  columns:
    'First the protocol as it is, then each rule broken, with the property that breaks. Properties and rules are ' +
    'described in crates/model/src/rules.rs and mutants/.',
  fails: 'a property that the protocol breaks, a broken rule that does not break what it must',
  isCalm: true,
  run,
}
