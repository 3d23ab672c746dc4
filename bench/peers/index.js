/** Measures daimon and its peers in one run, and writes a table, JSON and a plot. */

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { atEnd } from '../../scripts/lib/at-end.js'
import { Unavailable } from '../../scripts/lib/leg.js'
import { killAll, MARK, marked } from '../../scripts/lib/processes.js'
import { root } from '../../scripts/lib/run.js'
import { adapters, isOfNpm } from './adapters/index.js'
import { installed } from './install.js'
import { Lab, Peer } from './lab.js'
import { musts } from './musts.js'
import { plot } from './plot.js'
import { resources } from './resources.js'
import { right } from './right.js'
import { FIGURES, page } from './table.js'
import { timings } from './timings.js'
import { Samples } from './turns.js'

const MUSTS = 'musts'
const KEEPER = 'keeper'
/** The peer whose app's memory is the measure for all. */
const BASELINE = 'spawn'
/** The peer's name for the command line and for its folder. */
const word = (name) => name.replaceAll(/[^\w]+/g, '-')

/** The adapters with these names, or all. Throws if a name is unknown. */
export function chosen(only) {
  const words = adapters.map(({ name }) => word(name))
  const unknown = only.filter((name) => ![MUSTS, KEEPER, ...words].includes(name))
  if (unknown.length > 0)
    throw new Error(`--only ${unknown[0]}: it is one of ${[...words, MUSTS, KEEPER].join(', ')}`)
  if (only.length === 0) return adapters
  const compared = (adapter) => adapter.name === 'daimon' || isOfNpm(adapter)
  const forMusts = (adapter) => compared(adapter) || word(adapter.name) === 'spawn-empty-require'
  return adapters.filter(
    (adapter) =>
      adapter.name === BASELINE ||
      only.includes(word(adapter.name)) ||
      (only.includes(MUSTS) && forMusts(adapter)),
  )
}

/** Opens the peers. Gives these, and for each unavailable one the reason. */
async function openAll(wanted, folder) {
  const peers = []
  const unavailable = new Map()
  for (const adapter of wanted) {
    try {
      const peer = new Peer(adapter, installed(adapter.from), join(folder, word(adapter.name)))
      peers.push(peer)
      await peer.open()
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      unavailable.set(adapter.name, error.message)
    }
  }
  return { peers, unavailable }
}

const rounded = (value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value)

/** Puts the results together, without paths of this machine: they may be published. */
function report(lab, wanted, unavailable, rows, folder) {
  const { samples } = lab
  const plain = (text) => text.replaceAll(folder, 'TMP').replaceAll(root, '').split('\n')[0]
  const figuresOf = (name) =>
    FIGURES.map(([key]) => [key, lab.said(name, key) ?? samples.median(name, key)])
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, rounded(value)])
  const samplesOf = (name) =>
    FIGURES.map(([key]) => [key, samples.of(name, key).map(rounded)]).filter(([, all]) => all.length > 0)
  return {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    cores: availableParallelism(),
    rounds: lab.rounds,
    many: lab.many,
    idle: { waits: lab.idle.waits, inVain: lab.idle.inVain },
    peers: wanted.map(({ name }) => ({
      name,
      version: lab.peer(name)?.version,
      unavailable: unavailable.get(name),
      figures: Object.fromEntries(figuresOf(name)),
      samples: Object.fromEntries(samplesOf(name)),
    })),
    failures: samples.failures.map(({ peer, what, reason }) => ({ peer, what, reason: plain(reason) })),
    musts: rows.map((row) => ({ ...row, value: rounded(row.value) })),
  }
}

function write(found, out) {
  mkdirSync(out, { recursive: true })
  const files = { md: page(found), json: `${JSON.stringify(found, undefined, 2)}\n`, svg: plot(found) }
  for (const [ending, text] of Object.entries(files)) writeFileSync(join(out, `peers.${ending}`), text)
  console.log(files.md)
  console.log(`written to ${join(out, 'peers.{md,json,svg}')}`)
}

/** The most rounds of the comparison of keepers, each of which takes half a minute. */
const KEEPER_ROUNDS = 5

/** Compares keepers, and writes the files of it. */
async function writeKeepers(rounds, folder, out) {
  const settings = JSON.stringify({ rounds: Math.min(rounds, KEEPER_ROUNDS), folder })
  const program = fileURLToPath(new URL('keepers-run.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program, settings])
  const { text, ...found } = JSON.parse(stdout)
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'keepers.md'), text)
  writeFileSync(join(out, 'keepers.json'), `${JSON.stringify(found, undefined, 2)}\n`)
  console.log(text)
}

/** @param options rounds, daemons (how many are "many"), idle (ms), only (names), out (a folder) */
export async function comparePeers({ rounds, daemons, idle, only, out }) {
  if (process.platform !== 'linux') throw new Error('--peers needs /proc: Linux')
  const wanted = chosen(only)
  const folder = mkdtempSync(join(tmpdir(), 'daimon-bench-'))
  // Leaves nothing of the peers, also after Ctrl-C.
  const tidy = atEnd(() => {
    killAll(() => marked(folder))
    killAll(() => wanted.flatMap(({ name }) => marked(join(folder, word(name)))))
    rmSync(folder, { recursive: true, force: true })
  })
  process.env[MARK] = folder
  if (only.length === 0 || only.includes(KEEPER)) await writeKeepers(rounds, folder, out)
  if (only.length > 0 && only.every((name) => name === KEEPER)) return tidy()
  const { peers, unavailable } = await openAll(wanted, folder)
  const lab = new Lab({ peers, rounds, many: daemons, idle, samples: new Samples() })
  const isForMusts = only.length > 0 && only.every((name) => name === MUSTS)
  if (!isForMusts) for (const part of [timings, resources, right]) await part(lab)
  const rows = only.length === 0 || only.includes(MUSTS) ? await musts(lab) : []
  for (const peer of peers) await peer.close()
  write(report(lab, wanted, unavailable, rows, folder), out)
  tidy()
}
