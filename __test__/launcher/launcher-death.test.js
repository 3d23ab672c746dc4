import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, folder, threads, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** A launcher whose daemon is never ready, its event loop blocked; `up` holds the daemon's PID. */
const STUCK = `
import { renameSync, writeFileSync } from 'node:fs'
import { Daemon } from "DAIMON"
const run = () => {
  writeFileSync('up.new', String(process.pid))
  renameSync('up.new', 'up')
  for (;;);
}
await new Daemon({ pidFile: 'a.pid', run }).start()
`

/** A launcher that goes on when its daemon is ready; `up` holds the daemon's PID, `reloads` what it has heard. */
const SERVES = `
import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { Daemon } from "DAIMON"
const run = (daemon) => {
  daemon.on('reload', () => appendFileSync('reloads', 'x'))
  daemon.onStop(({ signal }) => writeFileSync('stopped', String(signal)))
  setInterval(() => {}, 1e6)
}
const { pid } = await new Daemon({ pidFile: 'a.pid', run }).start()
writeFileSync('up.new', String(pid))
renameSync('up.new', 'up')
setInterval(() => {}, 1e6)
`

const up = async (place) => Number(await until(() => content(place.file('up')), 'the daemon'))

/** Gone, and with it its lock: the next start works. */
async function diesAlong(t, place, pid) {
  await until(() => !alive(pid), 'the end of the daemon')
  t.deepEqual(place.processes(), [])
  const script = place.write('next.mjs', 'setInterval(() => {}, 1e6)')
  const next = new Daemon({ pidFile: place.file('a.pid'), script })
  t.like(await next.status(), { state: 'stopped' })
  t.not((await next.start()).pid, pid)
  await next.stop()
}

/** It answers, and nobody is left in it who could still hear of its launcher. */
async function livesOn(t, place, pid) {
  await until(() => threads('daimon-launcher', pid) === 0, 'the end of the thread that watches the launcher')
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  await daemon.reload()
  await until(() => content(place.file('reloads')), 'the answer')
  t.like(await daemon.status(), { state: 'running', pid })
  t.is(content(place.file('stopped')), undefined)
  t.is(content(place.file('reloads')), 'x', 'nor has it been sent a SIGHUP')
  t.deepEqual(place.processes(), [pid])
  await daemon.stop()
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL']) {
  test.serial(
    `a launcher that ${signal} ends before ready takes its daemon along, however blocked that is`,
    async (t) => {
      const place = folder(t)
      const launcher = place.spawn([place.write('a.mjs', STUCK)])
      const pid = await up(place)
      launcher.child.kill(signal)
      t.is((await launcher.done).signal, signal)
      await diesAlong(t, place, pid)
    },
  )

  test.serial(`a launcher that ${signal} ends after ready leaves its daemon alone`, async (t) => {
    const place = folder(t)
    const launcher = place.spawn([place.write('a.mjs', SERVES)])
    const pid = await up(place)
    launcher.child.kill(signal)
    t.is((await launcher.done).signal, signal)
    await livesOn(t, place, pid)
  })
}

/**
 * Runs a program on a terminal of its own. A line of standard input is typed as Ctrl-C, or closes the terminal; then it
 * waits for the program and tells how that has ended.
 */
const TERMINAL = `
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
line = sys.stdin.readline()
if line == 'type\\n':
    os.write(master, b'\\x03')
else:
    os.close(master)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`

for (const [line, what, status] of [
  ['close', 'a terminal that closes', -1],
  ['type', 'Ctrl-C on the terminal', -2],
]) {
  for (const [source, when, check] of [
    [STUCK, 'before ready takes the daemon along', diesAlong],
    [SERVES, 'after ready leaves the daemon alone', livesOn],
  ]) {
    needs('python3')(`${what} ${when}`, async (t) => {
      const place = folder(t)
      const program = place.write('a.mjs', source)
      const terminal = place.spawnCommand('python3', ['-c', TERMINAL, process.execPath, program])
      const pid = await up(place)
      terminal.child.stdin.end(`${line}\n`)
      t.is((await terminal.done).stdout, `${status}\n`)
      await check(t, place, pid)
    })
  }
}

test.serial('a launcher that exits by itself before ready takes its daemon along', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `${STUCK.replace('await new', 'void new')}
     import { watch } from 'node:fs'
     watch('.', (_event, name) => name === 'up' && process.exit(0))`,
  )
  const launcher = place.spawn([program])
  const pid = await up(place)
  t.is((await launcher.done).code, 0)
  await diesAlong(t, place, pid)
})
