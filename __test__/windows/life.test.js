// The life of a daemon: launch, identity, arguments, restart, stop, exit code.
import { readFileSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { deserialize } from 'node:v8'
import test from 'ava'
import { Daemon, NotRunningError } from '../../dist/index.js'
import { alive, content, fixture, folder, kill, until } from '../helpers/index.js'
import { deadPid } from '../helpers/pidfile.js'
import { bodied, control, hasEnded, hears, STOPPED } from '../helpers/windows-daemons.js'

test.serial('a script is started, seen, and stopped, and leaves nothing', async (t) => {
  const place = folder(t)
  const daemon = hears(place, 'cjs')
  t.like(await daemon.status(), { ...STOPPED, pidFile: place.file('a.pid') })
  await t.throwsAsync(daemon.signal('SIGTERM'), { instanceOf: NotRunningError })
  const { pid } = await daemon.start()
  t.deepEqual(place.processes(), [pid])
  // The open file is the lock, and anyone may read it all the same.
  t.is(readFileSync(place.file('a.pid'), 'utf8'), `${pid}\n`)
  const { startedAt, uptime, memory, cpu, ...status } = await control(place).status()
  t.deepEqual(status, { state: 'running', pid, pidFile: place.file('a.pid') })
  t.true(startedAt instanceof Date && uptime >= 0 && memory > 1_000_000 && cpu >= 0)
  t.like(await daemon.stop(), { ...STOPPED, wasRunning: true, forced: false })
  t.false(alive(pid))
  await hasEnded(t, place)
  t.like(await daemon.stop(), { ...STOPPED, wasRunning: false })
})

test.serial('a restart replaces the process, and starts one if there is none', async (t) => {
  const place = folder(t)
  const daemon = hears(place, 'mjs')
  const first = await daemon.restart()
  const second = await daemon.restart()
  t.not(first.pid, second.pid)
  t.deepEqual(place.processes(), [second.pid])
  t.is(place.read('a.pid'), `${second.pid}\n`)
  await daemon.stop()
})

test.serial('nice is a class of priorities', async (t) => {
  const place = folder(t)
  const daemon = control(place, { script: place.write('idle.cjs', 'setInterval(() => {}, 1_000)'), nice: 10 })
  const { pid } = await daemon.start()
  t.is(getPriority(pid), 10)
  await daemon.stop()
})

test.serial('exited() tells the exit code of a daemon that is no child', async (t) => {
  const place = folder(t)
  const daemon = bodied(place)
  await daemon.start('ending', 42)
  const ended = daemon.exited()
  await daemon.signal('SIGUSR2')
  t.deepEqual(await ended, { code: 42 })
  await hasEnded(t, place)
})

test.serial('a body sees its context, and Daemon.current is that', async (t) => {
  const place = folder(t)
  const daemon = bodied(place, { name: 'web' })
  t.is(Daemon.current, undefined)
  const { pid } = await daemon.start('echo', place.file('seen'), 'more')
  t.like(JSON.parse(place.read('seen')), {
    ...{ pid, pidFile: place.file('a.pid'), name: 'web', role: 'daemon', detached: true },
    args: ['echo', place.file('seen'), 'more'],
  })
  await daemon.stop()
})

test.serial('arguments are cloned: of any kind, and large', async (t) => {
  const place = folder(t)
  const daemon = bodied(place)
  const sent = [
    new Map([['a', new Set([1n])]]),
    new Date(0),
    /x/g,
    new Uint8Array([1, 2]),
    'é\u0000\ud83d\ude00',
    'x'.repeat(5_000_000),
  ]
  await daemon.start('back', place.file('back'), ...sent)
  t.deepEqual(deserialize(readFileSync(place.file('back'))), sent)
  await daemon.stop()
})

test.serial('a killed daemon leaves a stale pidfile, which the next start takes over', async (t) => {
  const place = folder(t)
  const daemon = hears(place, 'cjs')
  const { pid } = await daemon.start()
  const ended = daemon.exited()
  kill(pid)
  t.is(typeof (await ended).code, 'number')
  t.like(await daemon.status(), { state: 'stopped', stale: true })
  t.is(content(place.file('a.pid')), `${pid}\n`)
  const next = await daemon.start()
  t.deepEqual(place.processes(), [next.pid])
  t.is(place.read('a.pid'), `${next.pid}\n`)
  await daemon.stop()
})

test.serial(
  'a pidfile that nobody holds is stale, and the stranger whom it names is left alone',
  async (t) => {
    const place = folder(t)
    const stranger = place.spawn(['-e', "process.stdout.write('up'); setInterval(() => {}, 1e6)"])
    await until(() => stranger.output().stdout === 'up', 'the stranger')
    const daemon = hears(place, 'cjs')
    for (const pid of [stranger.pid, await deadPid(place)]) {
      writeFileSync(place.file('a.pid'), `${pid}\n`)
      t.like(await daemon.status(), { state: 'stopped', stale: true })
      await t.throwsAsync(daemon.signal('SIGKILL'), { instanceOf: NotRunningError })
      t.like(await daemon.stop(), { state: 'stopped', wasRunning: false })
      writeFileSync(place.file('a.pid'), `${pid}\n`)
      t.not((await daemon.start()).pid, pid)
      await daemon.stop()
    }
    t.deepEqual(place.processes(), [stranger.pid])
  },
)

test.serial('daemonize() resolves in the daemon, and ends the launcher with code 0', async (t) => {
  const place = folder(t)
  const { code, pid } = await place.node([fixture('windows/inline.mjs'), 'serve'])
  t.is(code, 0)
  const daemon = control(place)
  const status = await daemon.status()
  t.like(status, { state: 'running' })
  t.not(status.pid, pid)
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.is(place.read('a.log'), '')
  await hasEnded(t, place)
})
