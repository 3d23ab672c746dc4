// Runs an npm registry on loopback. It is empty at first, and asks no other registry.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { atEnd } from '../lib/at-end.js'
import { Unavailable } from '../lib/leg.js'
import { installNode } from '../lib/nodes.js'
import { run } from '../lib/run.js'
import { packages } from './targets.js'
import { tool } from './tools.js'

/** The Node.js release line that verdaccio needs. */
const NODE = '22'

const CONFIG = `
storage: ./storage
uplinks: {}
packages: { '**': { access: $all, publish: $all } }
max_body_size: 100mb
log: { type: stdout, format: pretty, level: warn }
`

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Starts the registry; resolves to its `url`, the `npmrc` for its clients, and `close()`. */
export async function openRegistry() {
  const node = await installNode(NODE)
  if (node === undefined)
    throw new Unavailable(`Node ${NODE}, which runs the registry, could not be installed`)
  const folder = mkdtempSync(join(tmpdir(), 'daimon-registry-'))
  writeFileSync(join(folder, 'config.yaml'), CONFIG)
  const host = `127.0.0.1:${await freePort()}`
  const url = `http://${host}/`
  const args = [tool('verdaccio'), '--config', join(folder, 'config.yaml'), '--listen', host]
  const child = spawn(node, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const undo = atEnd(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const close = async () => {
    child.kill()
    await ended
    undo()
  }
  for (let tries = 0; !(await fetch(`${url}-/ping`).catch(() => undefined))?.ok; tries += 1) {
    if (child.exitCode !== null || tries > 600) {
      await close()
      throw new Error('the registry did not start')
    }
    await delay(50)
  }
  return { url, npmrc: `registry=${url}\n//${host}/:_authToken=none\n`, close }
}

/** Publishes every package of npm/, the root's last, because it depends on the platforms' packages. */
export async function publishTo({ npmrc }) {
  const folder = mkdtempSync(join(tmpdir(), 'daimon-publish-'))
  const undo = atEnd(() => rmSync(folder, { recursive: true }))
  try {
    const file = join(folder, 'npmrc')
    writeFileSync(file, npmrc)
    const names = readdirSync(packages).filter((name) => name !== 'README.md')
    const last = (name) => (name === 'daimon' ? 1 : 0)
    for (const name of names.toSorted((a, b) => last(a) - last(b))) {
      const args = [
        'publish',
        '--userconfig',
        file,
        '--tag',
        'latest',
        '--ignore-scripts',
        '--loglevel=error',
      ]
      const code = await run('npm', args, { cwd: join(packages, name) })
      if (code !== 0) throw new Error(`npm publish failed for ${name}`)
    }
  } finally {
    undo()
  }
}
