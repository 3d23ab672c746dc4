import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, fixture, folder, threads, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const STUCK = fixture('launcher/stuck.mjs')
const SERVES = fixture('launcher/serves.mjs')

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
      const launcher = place.spawn([STUCK])
      const pid = await up(place)
      launcher.child.kill(signal)
      t.is((await launcher.done).signal, signal)
      await diesAlong(t, place, pid)
    },
  )

  test.serial(`a launcher that ${signal} ends after ready leaves its daemon alone`, async (t) => {
    const place = folder(t)
    const launcher = place.spawn([SERVES])
    const pid = await up(place)
    launcher.child.kill(signal)
    t.is((await launcher.done).signal, signal)
    await livesOn(t, place, pid)
  })
}

for (const [line, what, status] of [
  ['close', 'a terminal that closes', -1],
  ['type', 'Ctrl-C on the terminal', -2],
]) {
  for (const [program, when, check] of [
    [STUCK, 'before ready takes the daemon along', diesAlong],
    [SERVES, 'after ready leaves the daemon alone', livesOn],
  ]) {
    needs('python3')(`${what} ${when}`, async (t) => {
      const place = folder(t)
      const terminal = place.spawnCommand('python3', [
        fixture('launcher/types-or-closes.py'),
        process.execPath,
        program,
      ])
      const pid = await up(place)
      terminal.child.stdin.end(`${line}\n`)
      t.is((await terminal.done).stdout, `${status}\n`)
      await check(t, place, pid)
    })
  }
}

test.serial('a launcher that exits by itself before ready takes its daemon along', async (t) => {
  const place = folder(t)
  const launcher = place.spawn([STUCK, 'exits'])
  const pid = await up(place)
  t.is((await launcher.done).code, 0)
  await diesAlong(t, place, pid)
})
