// Programs that rollup has bundled, which evaluates what an `import()` leads to after a program that still waits.
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Daemon } from '../../dist/index.js'
import { install } from '../helpers/copies.js'
import { ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const NATIVE = readdirSync(join(ROOT, 'native')).filter((name) => name.endsWith('.node'))

/** Uses each part of the package within a top-level await. */
const PROGRAM = `import { Daemon } from 'daimon'
  const daemon = new Daemon({ pidFile: 'a.pid', log: 'a.log', run() {
    console.log('begun')
    setInterval(() => {}, 1e6)
  } })
  console.log((await daemon.start()).state)
  for await (const line of daemon.logs()) console.log(line)
  process.exitCode = await daemon.cli(['status', '--json'])`

for (const [title, output] of [
  ['one file', { file: 'out/main.mjs', inlineDynamicImports: true }],
  ['a file for each part', { dir: 'out', entryFileNames: 'main.mjs', chunkFileNames: '[name].mjs' }],
]) {
  needs('rollup')(`rollup, ${title}: all verbs work while the program is evaluated`, async (t) => {
    const { rollup } = await import('rollup')
    const { nodeResolve } = await import('@rollup/plugin-node-resolve')
    const place = install(t)
    const bundle = await rollup({ input: place.write('main.mjs', PROGRAM), plugins: [nodeResolve()] })
    const where = Object.fromEntries(
      ['file', 'dir'].filter((key) => key in output).map((key) => [key, place.file(output[key])]),
    )
    await bundle.write({ ...output, ...where, format: 'es' })
    for (const name of NATIVE) cpSync(join(ROOT, 'native', name), place.file(`out/${name}`))
    const { code, stdout, stderr } = await place.node(['out/main.mjs'])
    t.deepEqual([code, stderr], [0, ''])
    const [state, line, ...status] = stdout.split('\n')
    t.deepEqual([state, line], ['running', 'begun'])
    t.like(JSON.parse(status.join('\n')), { state: 'running' })
    t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
  })
}
