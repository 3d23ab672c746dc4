/** Measures the memory, the processes and the installed size that a peer adds to the app. */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { privateMemory } from '../../scripts/lib/processes.js'
import { root } from '../../scripts/lib/run.js'
import { instances, listening } from './lab.js'
import { inTurn } from './turns.js'

/** The time between the last start and the look, for modules that load late, ms. */
const SETTLED = 500

/** Starts `count` apps by the peer. Gives the number of other processes, and the private memory of all processes. */
async function beside(peer, count) {
  const kind = peer.has('api', 'start') ? 'api' : 'command'
  const apps = []
  try {
    for (let made = 0; made < count; made++) {
      const app = await peer.app()
      apps.push(app)
      await peer[kind]('start', app)
      await listening(app)
    }
    await delay(SETTLED)
    const servers = apps.flatMap((app) => instances(app).map(({ pid }) => pid))
    const all = [...peer.processes(), peer.adapter.resident?.(peer.place)].filter(Boolean)
    const memory = all.reduce((sum, pid) => sum + privateMemory(pid), 0)
    return { processes: all.filter((pid) => !servers.includes(pid)).length, memory }
  } finally {
    await peer.clean(...apps)
  }
}

/** The folders of the package and its dependencies, resolved as Node.js does. */
function closure(folder, name, found = new Set()) {
  let at = folder
  while (!existsSync(join(at, 'node_modules', name, 'package.json'))) {
    if (dirname(at) === at) return found
    at = dirname(at)
  }
  const path = join(at, 'node_modules', name)
  if (found.has(path)) return found
  found.add(path)
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) closure(path, other, found)
  return found
}

/** The size of a package's own files, in bytes. */
function sizeOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(
      (entry) => entry.name !== 'node_modules' && entry.name !== '__pycache__' && !entry.isSymbolicLink(),
    )
    .map((entry) => join(folder, entry.name))
    .reduce((sum, path) => sum + (statSync(path).isDirectory() ? sizeOf(path) : statSync(path).size), 0)
}

/** The installed size in MB and the number of packages; undefined for peers that are part of Node.js. */
function installation({ name, adapter: { from }, place }) {
  const megabytes = (bytes) => bytes / 1e6
  if (from.npm !== undefined) {
    const folders = [...closure(place.folder, from.npm)]
    return { size: megabytes(folders.reduce((sum, path) => sum + sizeOf(path), 0)), packages: folders.length }
  }
  if (from.python !== undefined) {
    const packages = readdirSync(place.folder).filter((entry) => entry.endsWith('.dist-info')).length
    return { size: megabytes(sizeOf(place.folder)), packages }
  }
  if (from.debian !== undefined) return { size: megabytes(sizeOf(place.folder)), packages: 1 }
  if (name !== 'daimon') return undefined
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const [packed] = JSON.parse(spawnSync('npm', args, { cwd: root, encoding: 'utf8' }).stdout)
  // Two packages on npm: daimon, and the platform's package with the binary. A checkout has both in one.
  return { size: megabytes(packed.unpackedSize), packages: 2 }
}

export async function resources(lab) {
  const baseline = lab.peers.find(({ name }) => name === 'spawn')
  for (const [label, count] of [
    ['one', 1],
    ['many', lab.many],
  ]) {
    const byHand = await beside(baseline, count)
    const subjects = lab.peers.map((peer) => ({
      name: peer.name,
      async measure() {
        const { processes, memory } = await beside(peer, count)
        lab.say(peer.name, `processes.${label}`, processes)
        lab.say(peer.name, `memory.${label}`, memory - byHand.memory)
      },
    }))
    await inTurn(1, subjects, lab.samples.failures, `processes and memory of ${count}`)
  }
  for (const peer of lab.peers) {
    const installed = installation(peer)
    if (installed === undefined) continue
    lab.say(peer.name, 'size', installed.size)
    lab.say(peer.name, 'packages', installed.packages)
  }
}
