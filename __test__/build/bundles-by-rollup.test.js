// Programs that rollup has bundled, which evaluates what an `import()` leads to after a program that still waits.
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Daemon } from '../../dist/index.js'
import { install } from '../helpers/copies.js'
import { DAIMON, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { open } from '../helpers/privileges.js'

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

/**
 * Imports the facade's own file, as a bundler does that does not know the condition `module`. Files that are read later
 * wait for the work in the only thread for them.
 */
const jailed = (verb) => `import { pbkdf2 } from 'node:crypto'
  import { Daemon } from ${JSON.stringify(fileURLToPath(DAIMON))}
  pbkdf2('', '', 100_000, 64, 'sha512', () => {})
  const options = { pidFile: 'a.pid', socket: true, chroot: 'jail', cwd: '/', user: 'nobody' }
  await new Daemon({ ...options, run(context) {
    context.onConnection((socket) => socket.on('error', () => {}).end('served'))
  } }).${verb}()`

for (const verb of ['start', 'foreground']) {
  needs(
    'rollup',
    'root',
    'processor of its own',
  )(`rollup, a file for each part: ${verb}() in another root folder serves the socket`, async (t) => {
    const { rollup } = await import('rollup')
    const place = open(t)
    mkdirSync(place.file('jail'))
    const bundle = await rollup({ input: place.write('main.mjs', jailed(verb)) })
    await bundle.write({ dir: place.file('out'), entryFileNames: 'main.mjs', format: 'es' })
    for (const name of NATIVE) cpSync(join(ROOT, 'native', name), place.file(`out/${name}`))
    const service = place.spawn(['out/main.mjs'], { env: { UV_THREADPOOL_SIZE: '1' } })
    const daemon = new Daemon({ pidFile: place.file('a.pid'), socket: true, user: 'nobody' })
    await until(() => existsSync(place.file('a.sock')) || service.child.exitCode !== null, 'the socket')
    const socket = await daemon.connect({ start: false })
    const [text] = await once(socket, 'data')
    t.is(String(text), 'served', service.output().stderr)
    socket.destroy()
    await daemon.stop()
    t.is((await service.done).code, 0)
  })
}
