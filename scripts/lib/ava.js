import { delimiter, dirname } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { judge, none } from './counts.js'
import { root, stream } from './run.js'

const CLI = `${root}node_modules/ava/entrypoints/cli.mjs`
const RULE = /^\s*─+$/
const PASSED_TEST = /^ {2}[✔√] /
const CLOSING = [
  ['passed', /^(\d+) tests? passed$/],
  ['passed', /^(\d+) known failures?$/],
  ['skipped', /^(\d+) tests? (?:skipped|todo)$/],
  ['failed', /^(\d+) (?:test|hook)s? failed$/],
  ['failed', /^(\d+) unhandled rejections?$/],
  ['failed', /^(\d+) uncaught exceptions?$/],
  ['failed', /^(\d+) tests? remained pending after a timeout$/],
]

/**
 * Runs the JavaScript tests with the Node binary `node` in the folder `cwd`, by the command `through` if it is given.
 * Takes the counts from AVA's summary, below its last rule. If a test fails, the summary lacks the number of passed
 * tests, so their lines are counted. (AVA's TAP reporter would be easier to read, but it fails if a test hangs.)
 */
export async function ava({
  node = process.execPath,
  env: given = process.env,
  args = [],
  cwd = root,
  through = [],
} = {}) {
  let ticks = 0
  let counts
  const onLine = (raw) => {
    console.log(raw)
    // On Windows each line ends with a carriage return, too.
    const line = stripVTControlCharacters(raw).trimEnd()
    if (PASSED_TEST.test(line)) ticks += 1
    if (RULE.test(line)) counts = none()
    for (const [kind, pattern] of counts ? CLOSING : []) {
      const match = pattern.exec(line.trim())
      if (match) counts[kind] += Number(match[1])
    }
  }
  const color = process.stdout.isTTY ? '--color' : '--no-color'
  // The first `node` on PATH is the same binary, for tests that look it up (`#!/usr/bin/env node`).
  const env = { ...given, PATH: `${dirname(node)}${delimiter}${given.PATH}` }
  const [command, ...rest] = [...through, node, CLI, color, ...args]
  const end = await stream(command, rest, { cwd, env, mergeStderr: true, onLine })
  if (!counts) {
    console.log('ava: no summary')
    counts = { ...none(), failed: 1 }
  }
  if (counts.failed > 0 || end.code !== 0) counts.passed = ticks
  return judge('ava', counts, end)
}
