// Runs a program for Windows by wine, which passes on its output.
import { spawn } from 'node:child_process'
import { fstatSync, mkdirSync, openSync, readSync, realpathSync, rmSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { atEnd } from '../lib/at-end.js'
import { root } from '../lib/run.js'
import { binaries } from '../release/targets.js'
import { ENTER, WINE, wineEnv, wineRoot } from './wine-root.js'

/** How often the output is passed on, in ms. */
const POLL_MS = 20
const CHUNK = Buffer.alloc(65_536)

/** The path that a program for Windows has for a path of this machine: drive Z: is the root folder. */
export const windowsPath = (path) => `Z:${path.replaceAll('/', '\\')}`

/** The pairs of a folder of this machine and its place below the root folder. */
function mounts(folders) {
  const isIn = (folder, path) => path !== folder && !relative(folder, path).startsWith('..')
  const checkout = root.replace(/\/$/, '')
  const all = [...new Set([checkout, ...folders].filter((path) => path !== '/'))]
  const outermost = all.filter((path) => !all.some((other) => isIn(other, path)))
  const pairs = outermost.map((path) => [path, path])
  pairs.push([checkout, '/node_modules/daimon'])
  // The last ones, because they are inside others: the cross build's binaries instead of this machine's.
  mkdirSync(binaries, { recursive: true })
  pairs.push(...[checkout, '/node_modules/daimon'].map((folder) => [binaries, join(folder, 'native')]))
  return pairs.flat()
}

/**
 * A file in place of a pipe, to which Node.js cannot write under wine: `fd` to write to, and `pass`, which passes on to
 * the descriptor `to` what has been written since the last time. It is open for appending, because processes do not
 * share its position under wine. It has no name.
 */
function relay(to) {
  const path = join(root, `target/tools/wine-output-${process.pid}-${to}`)
  const fd = openSync(path, 'a+')
  rmSync(path)
  let position = 0
  const pass = () => {
    for (;;) {
      const length = readSync(fd, CHUNK, 0, CHUNK.length, position)
      if (length === 0) return
      writeAll(to, CHUNK.subarray(0, length))
      position += length
    }
  }
  return { fd, pass }
}

function writeAll(fd, bytes) {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      if (error.code === 'EPIPE') process.exit(128 + constants.signals.SIGPIPE)
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

/** Whether two descriptors are of the same file. */
function isSame(a, b) {
  const [one, other] = [fstatSync(a), fstatSync(b)]
  return one.dev === other.dev && one.ino === other.ino
}

/**
 * Runs a program for Windows in the folder `cwd`. Resolves to its exit code, of which wine keeps the lowest byte.
 *
 * Drive Z: has the checkout, the program's folder, `cwd` and `folders`, each with its path on this machine; changes of
 * these stay. Drive C: is new in each run, and everything that the program has started ends with it. The environment is
 * this process's and `env`; the program's folder is on PATH. The checkout's `native` has the cross build's binaries.
 * `Z:\node_modules\daimon` is the checkout, so that every script on drive Z: can import `daimon`.
 */
export async function inWine(program, args, { cwd = process.cwd(), folders = [], env = {} } = {}) {
  const below = await wineRoot()
  const places = [cwd, dirname(program), ...folders].map((folder) => realpathSync(folder))
  const out = relay(1)
  const err = isSame(1, 2) ? out : relay(2)
  const child = spawn(ENTER, [below, cwd, ...mounts(places), '--', WINE, program, ...args], {
    env: { ...wineEnv(), ...env, WINEPATH: windowsPath(dirname(program)) },
    stdio: ['ignore', out.fd, err.fd],
  })
  const pass = () => {
    for (const one of [out, err]) one.pass()
  }
  const timer = setInterval(pass, POLL_MS)
  const kept = atEnd(() => child.kill('SIGKILL'))
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (exitCode) => resolve(exitCode ?? 128))
  })
  clearInterval(timer)
  kept()
  pass()
  return code
}
