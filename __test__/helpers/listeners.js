/** What the tests of signal listeners share: programs of each kind, beside libraries that listen as well. */

import { existsSync, rmSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'
import { content, fixture, isAtRest, KERNEL_TELLS, until } from './index.js'

/** A body that is the module itself, and bodies of a program that knows daimon. */
export const PLAIN = ['script', 'foreground']
export const KNOWING = ['daemonize', 'inline', 'run']
export const KINDS = [...PLAIN, ...KNOWING]

const IN_FOREGROUND = ['foreground', 'inline']

/**
 * A body in CommonJS: `text` with what fixtures/inside/signals/work.cjs has, and `daemon`, the context of a kind
 * that has one.
 */
export const work = (place, text, name = 'work.cjs') =>
  place.write(
    name,
    `const { existsSync, rmSync, writeFileSync } = require('node:fs')
     const { say, load, until } = require(${JSON.stringify(fixture('inside/signals/work.cjs'))})
     const { daemon } = globalThis
     setInterval(() => {}, 1e6)
     ${text}`,
  )

/** Starts a daemon of that kind, and gives it when it is ready: `exited()` tells how it ended, for certain. */
export async function start(place, kind, path, options = {}, flags = []) {
  const args = [...flags, fixture('inside/signals/kinds.js'), kind, path, JSON.stringify(options)]
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  if (IN_FOREGROUND.includes(kind)) {
    const { done } = place.spawn(args)
    const ended = done.then(({ code, signal }) => {
      if (code !== null || signal === null) return { code }
      return { signal }
    })
    await until(async () => {
      const { state, starting } = await daemon.status()
      return state === 'running' && starting !== true
    }, 'the foreground')
    return { daemon, exited: () => ended }
  }
  const { code, stderr } = await place.node(args)
  if (code !== 0) throw new Error(stderr)
  const ended = daemon.exited()
  return { daemon, exited: () => ended }
}

export const said = (place) => (content(place.file('said')) ?? '').split('\n').slice(0, -1)

export const waitFor = (place, line, count = 1) =>
  until(() => said(place).filter((one) => one === line).length >= count, `it says ${line}`)

/**
 * Everything that was sent before has been heard. Two signals may be taken by two threads, and be told in either order:
 * the mark is sent when no signal is pending, and no thread runs a handler.
 */
export async function heard(place, daemon) {
  const { pid } = await daemon.status()
  await until(() => isAtRest(pid), 'the signals before')
  const before = said(place).filter((line) => line === 'mark').length
  await daemon.signal('SIGWINCH')
  await waitFor(place, 'mark', before + 1)
}

/** What it has said, without the marks. */
export const told = (place) => said(place).filter((line) => line !== 'mark')

/** Reloads, and waits until the log has been opened again. */
export async function reload(place, daemon, signal = 'SIGHUP') {
  rmSync(place.file('a.log'))
  await daemon.signal(signal)
  await until(() => existsSync(place.file('a.log')), 'the new log')
}

/** Sends a signal at which nothing is to be opened again, and tells whether that was so. */
export async function reopensNothing(place, daemon, signal = 'SIGHUP') {
  rmSync(place.file('a.log'))
  await daemon.signal(signal)
  await heard(place, daemon)
  const isNothing = !existsSync(place.file('a.log'))
  place.write('a.log', '')
  return isNothing
}

/** How it must have ended by SIGTERM: by itself, with code 0, and without its pidfile. */
export async function stops(t, place, { daemon, exited }, code = 0) {
  t.like(await daemon.stop(), { wasRunning: true, forced: false, stale: false })
  const how = await exited()
  if (KERNEL_TELLS || how.code !== undefined) t.deepEqual(how, { code })
  t.false(existsSync(place.file('a.pid')))
  t.deepEqual(place.processes(), [])
}
