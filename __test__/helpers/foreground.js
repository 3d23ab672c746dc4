/** What the tests of the foreground share: programs that become the daemon of `a.pid`. */

import { Daemon } from '../../dist/index.js'
import { until } from './index.js'

/** Writes a program that has the package. */
export const body = (place, text, name = 'a.mjs') =>
  place.write(name, `import { Daemon, daemonize } from "DAIMON"\n${text}`)

/** A body that says what it hears. */
export const SAYS = `(daemon) => {
  daemon.on('reload', () => console.log('reloads'))
  daemon.onStop(async ({ signal }) => { await null; console.log('stops by', signal) })
  setInterval(() => {}, 1e6)
}`

/** A program that runs the body in its foreground and then says \`ready\`. */
export const program = (place, run = SAYS, options = '') =>
  body(
    place,
    `const daemon = await new Daemon({ pidFile: 'a.pid', run: ${run}, ${options} }).foreground()
     console.log('ready')`,
  )

/** Starts a program, and waits until it says so. */
export async function started(place, path, said = 'ready\n') {
  const running = place.spawn([path])
  running.ended = false
  void running.done.then(() => {
    running.ended = true
  })
  const { stdout } = await until(
    () => (running.output().stdout.includes(said) || running.ended) && running.output(),
    `the program says ${said}`,
  )
  if (!stdout.includes(said)) throw new Error(JSON.stringify(await running.done))
  return running
}

/** The Daemon of `a.pid`, from outside. */
export const control = (place) => new Daemon({ pidFile: place.file('a.pid') })
