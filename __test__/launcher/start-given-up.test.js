// Starts that are given up: their time is over, or their signal aborts.
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import test from 'ava'
import { AlreadyRunningError, Daemon, ReadyTimeoutError } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { content, fixture, folder, kill, longEnough, threads, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const GIVES_UP = fixture('launcher/gives-up.mjs')

/** Not much longer than a daemon takes to begin on an idle machine, in milliseconds. */
const SHORT = 1_000

async function nothingLeft(t, { file, processes }) {
  t.deepEqual(processes(), [])
  const daemon = body({ pidFile: file('a.pid') })
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: file('a.pid'), stale: false })
  t.like(await daemon.start('serve'), { state: 'running' })
  await daemon.stop()
}

/** Until a launch of this process is under way and waits. */
const waitsForLock = () => until(() => threads('daimon-launch') > 0, 'the wait for the lock')

for (const [way, what] of [
  ['never', 'that ignores SIGTERM'],
  ['block', 'whose event loop is blocked'],
]) {
  test.serial(`a daemon ${what} and is never ready is ended at readyTimeout`, async (t) => {
    const place = folder(t)
    const readyTimeout = await longEnough(place, SHORT)
    const options = { pidFile: place.file('a.pid'), readyTimeout, stopTimeout: 100 }
    const error = await t.throwsAsync(body(options).start(way, place.file('up')), {
      instanceOf: ReadyTimeoutError,
    })
    t.like(error, { code: 'ERR_DAEMON_READY_TIMEOUT', timeout: readyTimeout, pidFile: place.file('a.pid') })
    t.is(content(place.file('up')), String(error.pid), 'it is the daemon that it names')
    await nothingLeft(t, place)
  })
}

needs('root')(
  'a start that took too long is told as that where its launcher can end nobody any more',
  async (t) => {
    const place = folder(t)
    chmodSync(place.path, 0o755)
    const script = place.write(
      'b.mjs',
      "import { writeFileSync } from 'node:fs'; writeFileSync('up', ''); setInterval(() => {}, 1e6)",
    )
    const readyTimeout = await longEnough(place, SHORT)
    const program = place.write(
      'a.mjs',
      `import { existsSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     const options = { pidFile: 'a.pid', script: 'b.mjs', ready: 'manual', readyTimeout: ${readyTimeout} }
     const start = new Daemon({ ...options, stopTimeout: 100 }).start()
     while (!existsSync('up')) await new Promise((resolve) => setTimeout(resolve, 5))
     process.setuid(65_534)
     await start.catch(({ code, message }) => console.log(code, message))`,
    )
    const { stdout } = await place.node([program])
    t.regex(stdout, /^ERR_DAEMON_READY_TIMEOUT .* could not be ended \(.*EPERM/)
    // Its channel has an end: that it sees itself.
    await until(() => place.processes().length === 0, 'the end of the daemon')
    t.is((await new Daemon({ pidFile: place.file('a.pid'), script }).status()).state, 'stopped')
  },
)

/** Any user that has no processes. */
const UID = 54_322

needs(
  'root',
  'setpriv',
  'prlimit',
)('a daemon that hangs is ended at readyTimeout also where its launcher gets no thread', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('box'))
  chownSync(place.file('box'), UID, UID)
  chmodSync(place.path, 0o755)
  const script = place.write(
    'hangs.mjs',
    `import { writeFileSync } from 'node:fs'; writeFileSync('${place.file('box/up')}', String(process.pid))
     setInterval(() => {}, 1e6)`,
  )
  const user = [`--reuid=${UID}`, `--regid=${UID}`, '--clear-groups']
  const program = [
    process.execPath,
    GIVES_UP,
    place.file('box/a.pid'),
    script,
    String(await longEnough(place, SHORT)),
  ]
  const launcher = place.spawnCommand('setpriv', [...user, ...program])
  const daemon = Number(await until(() => content(place.file('box/up')), 'the daemon'))
  // It sees neither signals nor the end of its channel.
  kill(daemon, 'SIGSTOP')
  const limit = ['prlimit', '--nproc=1', '--pid', String(launcher.pid)]
  t.like(await place.command('setpriv', [...user, ...limit]), { code: 0, stderr: '' })
  const { stdout, stderr } = await launcher.done
  t.is(stderr, '')
  const { message, ...told } = JSON.parse(stdout)
  t.deepEqual(told, { code: 'ERR_DAEMON_READY_TIMEOUT', after: 'stopped' }, message)
  t.regex(message, /was not ready within \d+ ms and has been ended\./)
  t.deepEqual(place.processes(), [])
})

test.serial("the error of a start that took too long shows the log's tail", async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    "console.log('connecting'); await new Promise(() => setInterval(() => {}, 1e6))",
  )
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    script,
    log: place.file('a.log'),
    readyTimeout: await longEnough(place, SHORT),
  })
  t.is((await t.throwsAsync(daemon.start(), { instanceOf: ReadyTimeoutError })).log, 'connecting')
  await nothingLeft(t, place)
})

test.serial('a signal that has aborted already starts nothing', async (t) => {
  const place = folder(t)
  const reason = new Error('before')
  const daemon = body({ pidFile: place.file('a.pid') }).with({ signal: AbortSignal.abort(reason) })
  t.is(await t.throwsAsync(daemon.start('serve')), reason)
  t.is(content(place.file('a.pid')), undefined)
  await nothingLeft(t, place)
})

test.serial('a signal that aborts in the turn of the start rejects it, and nothing is left', async (t) => {
  const place = folder(t)
  const controller = new AbortController()
  const daemon = body({ pidFile: place.file('a.pid') }).with({ signal: controller.signal })
  const starting = daemon.start('serve')
  const reason = new Error('at once')
  controller.abort(reason)
  t.is(await t.throwsAsync(starting), reason)
  await nothingLeft(t, place)
})

test.serial('a signal that aborts at any turn of a launch rejects it, and nothing is left', async (t) => {
  const place = folder(t)
  for (const turns of [1, 2, 3, 4, 5, 6, 8, 12, 20, 50, 200, 1_000, 5_000]) {
    const controller = new AbortController()
    const daemon = body({ pidFile: place.file('a.pid'), stopTimeout: 100 })
    const starting = daemon.with({ signal: controller.signal }).start('never')
    const reason = new Error('enough')
    const rejected = t.throwsAsync(starting)
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    controller.abort(reason)
    t.is(await rejected, reason, `after ${turns} turns`)
    t.deepEqual(place.processes(), [])
    t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: place.file('a.pid'), stale: false })
  }
})

test.serial(
  'a signal that aborts a wait for the lock rejects with its reason and touches nobody',
  async (t) => {
    const place = folder(t)
    const daemon = body({ pidFile: place.file('a.pid'), lockTimeout: Infinity })
    const { pid } = await daemon.start('serve')
    const controller = new AbortController()
    const waiting = daemon.with({ signal: controller.signal }).start('serve')
    await waitsForLock()
    const reason = new Error('enough')
    controller.abort(reason)
    t.is(await t.throwsAsync(waiting), reason)
    t.deepEqual(place.processes(), [pid])
    await until(() => threads('daimon-launch') === 0, 'the end of the wait')
    t.like(await daemon.stop(), { wasRunning: true })
    await nothingLeft(t, place)
  },
)

test.serial(
  'a signal that aborts before ready ends a half-started daemon that ignores SIGTERM',
  async (t) => {
    const place = folder(t)
    const controller = new AbortController()
    const daemon = body({ pidFile: place.file('a.pid'), stopTimeout: 100 }).with({
      signal: controller.signal,
    })
    const starting = daemon.start('never', place.file('up'))
    await until(() => content(place.file('up')), 'the body')
    const reason = new Error('enough')
    controller.abort(reason)
    t.is(await t.throwsAsync(starting), reason)
    await nothingLeft(t, place)
  },
)

test.serial('a signal that aborts after the start touches nobody', async (t) => {
  const { file } = folder(t)
  const controller = new AbortController()
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.with({ signal: controller.signal }).start('serve')
  controller.abort()
  t.like(await daemon.status(), { state: 'running', pid })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

test.serial('lockTimeout waits for a running daemon to leave', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const second = daemon.with({ lockTimeout: Infinity }).start('serve')
  await waitsForLock()
  await daemon.stop()
  const next = await second
  t.not(next.pid, pid)
  t.deepEqual(processes(), [next.pid])
})

test.serial('a daemon that does not leave within lockTimeout is AlreadyRunning', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const error = await t.throwsAsync(daemon.with({ lockTimeout: 50 }).start('serve'), {
    instanceOf: AlreadyRunningError,
  })
  t.is(error.pid, pid)
  t.deepEqual(processes(), [pid])
})

test.serial('a stop during a start ends that, and the start tells it', async (t) => {
  const place = folder(t)
  const daemon = body({ pidFile: place.file('a.pid') })
  const starting = t.throwsAsync(daemon.start('slowly', place.file('up'), place.file('no'), place.file('no')))
  await until(() => content(place.file('up')) !== undefined, 'the body')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.like(await starting, { code: 'ERR_DAEMON_START_FAILED', exitCode: 0 })
  await nothingLeft(t, place)
})

test.serial(
  "ready: 'manual' waits for the body's word, ready: 'running' for nothing but its beginning",
  async (t) => {
    const { file } = folder(t)
    process.env.READY = 'manual'
    t.teardown(() => delete process.env.READY)
    const manual = body({ pidFile: file('a.pid'), readyTimeout: 300, ready: 'manual' })
    const error = await t.throwsAsync(manual.start('serve'), { instanceOf: ReadyTimeoutError })
    t.regex(error.message, /context\.ready\(\)/)
    process.env.READY = 'running'
    t.like(await body({ pidFile: file('b.pid'), ready: 'running' }).start('never'), { state: 'running' })
  },
)
