// A stop goes on beside the event loop, and ends with whoever gives it up.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { alive, folder, kill, threads, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { hold } from '../helpers/pidfile.js'

const fixture = (name) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))

/** Threads of stops, which are there as long as these wait. */
const stops = () => threads('daimon-stop')
const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

test.serial('a blocked event loop does not keep a deaf daemon from being killed in time', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), stopTimeout: 100 })
  const { pid } = await daemon.start('deaf')
  const stopping = daemon.stop()
  // One turn, in which the stop begins.
  await new Promise((resolve) => setImmediate(resolve))
  const deadline = Date.now() + 30_000
  while (alive(pid) && Date.now() < deadline);
  t.false(alive(pid))
  t.like(await stopping, { wasRunning: true, forced: true })
})

test.serial('a stop that waits has no timer, and ends with the daemon', async (t) => {
  const { file, spawn } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  await daemon.start('hooks', file('seen'), file('release'))
  const stopping = spawn([fixture('control/stopping.js'), file('a.pid'), file('seen.begun')])
  await until(() => stopping.output().stdout !== '', 'the wait')
  t.is(stopping.output().stdout, 'waits 0\n')
  writeFileSync(file('release'), '')
  t.like(await stopping.done, { code: 0, stdout: 'waits 0\nstopped false\n', stderr: '' })
})

test.serial('a daemon that ends right after the call was running', async (t) => {
  const { file, read } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const stopping = daemon.stop()
  kill(pid)
  // Without a turn of the event loop.
  const deadline = Date.now() + 30_000
  while (alive(pid) && Date.now() < deadline);
  t.is(read('a.pid'), `${pid}\n`)
  t.like(await stopping, { wasRunning: true, forced: false, stale: false })
  t.false(existsSync(file('a.pid')))
})

test.serial('an abort in the turn of the call comes before the first signal', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('hooks', file('seen'))
  for (let round = 0; round < 20; round++) {
    const controller = new AbortController()
    const reason = new Error('never mind')
    const stopping = daemon.stop({ signal: controller.signal })
    controller.abort(reason)
    t.is(await t.throwsAsync(stopping), reason)
  }
  // What had been sent before this one would have come first, and is what the hooks are told.
  await daemon.stop({ stopSignal: 'SIGINT' })
  t.deepEqual(JSON.parse(readFileSync(file('seen'), 'utf8')).at(-1), [
    'first',
    { by: 'signal', signal: 'SIGINT' },
  ])
  t.false(alive(pid))
})

onLinux('an aborted stop rejects at once, leaves no thread and kills nobody', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), stopTimeout: 20_000 })
  const { pid } = await daemon.start('deaf')
  const controller = new AbortController()
  const stopping = daemon.stop({ signal: controller.signal })
  await until(() => stops() === 1, 'the stop')
  const reason = new Error('enough')
  const begun = performance.now()
  controller.abort(reason)
  t.is(await t.throwsAsync(stopping), reason)
  await until(() => stops() === 0, 'the end of its thread')
  t.true(performance.now() - begun < 19_900)
  t.true(alive(pid))
  t.like(await daemon.stop({ stopTimeout: 0 }), { forced: true })
})

onLinux('a worker that ends in the middle of a stop kills nobody', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('deaf')
  const worker = new Worker(fixture('control/stopping-worker.cjs'), { workerData: file('a.pid') })
  await until(() => stops() === 1, 'the stop')
  await worker.terminate()
  await until(() => stops() === 0, 'the end of its thread')
  t.true(alive(pid))
  t.like(await daemon.stop({ stopTimeout: 0 }), { forced: true })
})

needs('python3')('an abort ends the wait for proof, and nobody is signalled', async (t) => {
  const place = folder(t)
  const path = place.write('a.pid', '')
  const holder = await hold(place, [path])
  const control = new Daemon({ pidFile: path })
  const controller = new AbortController()
  const { signal } = controller
  const waits = [
    control.stop({ signal, stopSignal: 'SIGKILL' }),
    control.exited({ signal }),
    control.with({ signal }).signal('SIGKILL'),
  ]
  await until(() => stops() === 3, 'the waits')
  const reason = new Error('enough')
  controller.abort(reason)
  for (const end of await Promise.allSettled(waits)) t.is(end.reason, reason)
  await until(() => stops() === 0, 'the end of their threads')
  t.true(alive(holder))
})

needs('python3')('a lack of proof that passes while it is waited for is none', async (t) => {
  const place = folder(t)
  const path = place.write('a.pid', '')
  const holder = place.spawnCommand('flock', ['--no-fork', path, 'sh', '-c', 'echo held; read line'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await until(() => holder.output().stdout === 'held\n', 'the holder of the lock')
  const control = new Daemon({ pidFile: path })
  const waits = [control.stop(), control.exited(), t.throwsAsync(control.signal('SIGTERM'))]
  await until(() => stops() === 3, 'the waits')
  holder.child.stdin.end('\n')
  const [stopped, exited, error] = await Promise.all(waits)
  t.like(stopped, { state: 'stopped', wasRunning: false })
  t.deepEqual(exited, {})
  t.like(error, { code: 'ERR_DAEMON_NOT_RUNNING', pidFile: path })
  t.is(error.message, `No daemon holds ${path}. Start it first.`)
  t.true(existsSync(path))
})
