// Stops that are forced, refused or given up, starts that are given up, and claims of one pidfile by several.
import { existsSync, renameSync } from 'node:fs'
import test from 'ava'
import { StopTimeoutError } from '../../dist/index.js'
import { alive, content, fixture, folder, until } from '../helpers/index.js'
import { bodied, control, hasEnded } from '../helpers/windows-daemons.js'

test.serial('a busy event loop is ended after stopTimeout, and status answers meanwhile', async (t) => {
  const place = folder(t)
  const launcher = place.spawn([fixture('windows/launches.mjs'), 'stuck'])
  const pid = Number(await until(() => content(place.file('up')), 'the daemon'))
  const daemon = control(place, { stopTimeout: 1_000 })
  t.like(await daemon.status(), { state: 'running', pid, starting: true })
  const stopping = daemon.stop()
  t.like(await daemon.status(), { state: 'running', pid })
  t.like(await stopping, { wasRunning: true, forced: true })
  t.false(alive(pid))
  const { code, stderr } = await launcher.done
  t.is(code, 1)
  t.regex(stderr, /StartFailedError/)
  await hasEnded(t, place)
})

test.serial('without forceKill that is a StopTimeoutError, and the daemon lives on', async (t) => {
  const place = folder(t)
  const daemon = bodied(place, { stopTimeout: 300, forceKill: false })
  const { pid } = await daemon.start('deaf')
  const error = await t.throwsAsync(daemon.stop(), { instanceOf: StopTimeoutError })
  t.like(error, { pid, timeout: 300 })
  t.like(await daemon.status(), { state: 'running', pid })
  t.like(await control(place, { stopTimeout: 100 }).stop(), { forced: true })
  await hasEnded(t, place)
})

test.serial('a stop that is given up leaves the daemon, which has heard of it, to itself', async (t) => {
  const place = folder(t)
  const daemon = bodied(place)
  const { pid } = await daemon.start('hooks', place.file('seen'), place.file('release'))
  const giveUp = new AbortController()
  const stopping = daemon.stop({ signal: giveUp.signal })
  await until(() => existsSync(place.file('seen.begun')), 'the hook')
  giveUp.abort(new Error('enough'))
  await t.throwsAsync(stopping, { message: 'enough' })
  t.true(alive(pid))
  const ended = daemon.exited()
  place.write('release', '')
  t.deepEqual(await ended, { code: 0 })
  await hasEnded(t, place)
})

test.serial('a start that is given up ends its daemon', async (t) => {
  const place = folder(t)
  const giveUp = new AbortController()
  const daemon = bodied(place, { stopTimeout: 200 })
  const starting = daemon.with({ signal: giveUp.signal }).start('block', place.file('begun'))
  const pid = Number(await until(() => content(place.file('begun')), 'the daemon'))
  giveUp.abort(new Error('enough'))
  await t.throwsAsync(starting, { message: 'enough' })
  t.false(alive(pid))
  await hasEnded(t, place)
})

test.serial('of eight starts at once exactly one succeeds, and the others name it', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { Daemon } from "DAIMON"
     const tell = ({ code, pid }) => console.log(code ?? 'started', pid)
     const run = () => void setInterval(() => {}, 1e6)
     await new Daemon({ pidFile: 'a.pid', run }).start().then(tell, tell)`,
  )
  const runs = await Promise.all(Array.from({ length: 8 }, () => place.node([program])))
  const answers = runs.map(({ stdout, stderr }) => stdout.trim() || stderr)
  const { pid } = await control(place).status()
  t.deepEqual([...answers].sort(), [
    ...Array.from({ length: 7 }, () => `ERR_DAEMON_ALREADY_RUNNING ${pid}`),
    `started ${pid}`,
  ])
  t.deepEqual(place.processes(), [pid])
  await control(place).stop()
})

test.serial('lockTimeout waits for the present one to leave', async (t) => {
  const place = folder(t)
  const first = await bodied(place).start('serve')
  const short = bodied(place, { lockTimeout: 50 })
  t.like(await t.throwsAsync(short.start('serve')), { code: 'ERR_DAEMON_ALREADY_RUNNING', pid: first.pid })
  const starting = bodied(place, { lockTimeout: 60_000 }).start('serve')
  await control(place).stop()
  const { pid } = await starting
  t.not(pid, first.pid)
  t.deepEqual(place.processes(), [pid])
  await control(place).stop()
})

test.serial(
  'a launcher that is killed before ready takes its daemon along, however busy that is',
  async (t) => {
    const place = folder(t)
    const launcher = place.spawn([fixture('windows/launches.mjs'), 'stuck'])
    const pid = Number(await until(() => content(place.file('up')), 'the daemon'))
    launcher.child.kill('SIGKILL')
    await launcher.done
    await until(() => !alive(pid), 'the end of the daemon')
    t.like(await control(place).status(), { state: 'stopped' })
    t.like(await bodied(place).start('serve'), { state: 'running' })
    await control(place).stop()
  },
)

test.serial('after ready it leaves the daemon alone', async (t) => {
  const place = folder(t)
  const launcher = place.spawn([fixture('windows/launches.mjs'), 'serve'])
  await until(() => launcher.output().stdout === 'started\n', 'the launcher')
  const pid = Number(place.read('up'))
  launcher.child.kill('SIGKILL')
  await launcher.done
  await control(place).reload()
  await until(() => existsSync(place.file('reloaded')), 'the reload')
  t.like(await control(place).status(), { state: 'running', pid })
  t.deepEqual(place.processes(), [pid])
  await control(place).stop()
})

test.serial(
  'the log can be read and renamed while the daemon writes, and its name be used again',
  async (t) => {
    const place = folder(t)
    const daemon = bodied(place, { log: place.file('a.log') })
    await daemon.start('serve')
    await daemon.reload()
    await until(() => content(place.file('a.log')) === 'reloaded\n', 'the first line')
    renameSync(place.file('a.log'), place.file('b.log'))
    place.write('a.log', 'another')
    await daemon.reload()
    await until(() => content(place.file('b.log')) === 'reloaded\nreloaded\n', 'the second line')
    t.is(place.read('a.log'), 'another')
    await daemon.stop()
  },
)

test.serial(
  'a restart from inside ends nothing of its group with stopGroup, its helper least of all',
  async (t) => {
    const place = folder(t)
    t.like(await place.node([fixture('windows/restarts.mjs')]), { code: 0, stderr: '' })
    const daemon = control(place, { stopGroup: true })
    const first = await daemon.status()
    await daemon.signal('SIGUSR2')
    const isNext = async () => {
      const { state, pid, starting } = await daemon.status()
      return state === 'running' && !starting && pid !== first.pid ? pid : undefined
    }
    const pid = await until(isNext, 'the next daemon')
    t.false(alive(first.pid))
    const child = Number(place.read('child'))
    t.true(alive(child))
    await until(() => place.processes().length === 2, 'the end of the helper')
    t.deepEqual(place.processes().toSorted(), [pid, child].toSorted())
    // The child is of the first one's group.
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    t.deepEqual(place.processes(), [child])
  },
)
