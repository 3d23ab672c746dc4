// What waiting costs, and what is left when it ends.
import { setMaxListeners } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { DAIMON, fixture, folder, kill, threads, until } from '../helpers/index.js'
import { idle } from '../helpers/pidfile.js'

test.serial('importing starts no thread, leaves no handle and lets the process end', async (t) => {
  const { write, node } = folder(t)
  const program = write(
    'a.mjs',
    `import { readdirSync } from 'node:fs'
     const count = () => [readdirSync('/proc/self/task').length, process.getActiveResourcesInfo().length]
     const before = count()
     const { Daemon } = await import("DAIMON")
     const after = count()
     new Daemon({ pidFile: 'a.pid' })
     console.log(JSON.stringify([before, after, count()]))`,
  )
  const { code, stdout, stderr } = await node([program])
  t.is(code, 0, stderr)
  const [before, after, constructed] = JSON.parse(stdout)
  t.deepEqual(after, before)
  t.deepEqual(constructed, before)
})

test.serial('a program that has only asked ends by itself; one that waits does not', async (t) => {
  const { file, write, spawn, node } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const asks = write(
    'asks.mjs',
    `import { Daemon, send } from "DAIMON"
     const daemon = new Daemon({ pidFile: 'a.pid' })
     await daemon.signal('SIGWINCH')
     await send('a.pid', 'SIGCONT')
     console.log((await daemon.status()).state)`,
  )
  t.like(await node([asks]), { code: 0, stdout: 'running\n', stderr: '' })
  const waits = write(
    'waits.mjs',
    `import { Daemon } from "DAIMON"
     const daemon = new Daemon({ pidFile: 'a.pid' })
     const exited = daemon.exited()
     console.log('waits')
     await exited
     console.log('gone')`,
  )
  const waiting = spawn([waits])
  await until(() => waiting.output().stdout === 'waits\n', 'the wait')
  await until(() => threads('daimon-poller', waiting.pid) === 1, 'the poller')
  kill(pid)
  t.like(await waiting.done, { code: 0, stdout: 'waits\ngone\n' })
})

test.serial('a thousand pending waits cost one thread, which ends with them', async (t) => {
  const { file, spawn } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const program = fixture('binding/thousand-waits.mjs')
  const waiting = spawn([program])
  await until(() => waiting.output().stdout === 'waiting ', 'the waits')
  // The thread gives itself its name, once it runs.
  await until(() => threads('daimon-poller', waiting.pid) > 0, 'the poller')
  t.is(threads('daimon-poller', waiting.pid), 1)
  kill(pid)
  t.like(await waiting.done, { code: 0, stdout: 'waiting 1,1000' })
})

test.serial('a wait that is given up ends the thread, too', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  await daemon.start('serve')
  await until(() => threads('daimon-poller') === 0, 'no poller')
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const waits = Array.from({ length: 100 }, () => daemon.exited({ signal: controller.signal }))
  await until(() => threads('daimon-poller') === 1, 'the poller')
  controller.abort(new Error('enough'))
  for (const { reason } of await Promise.allSettled(waits)) t.is(reason?.message, 'enough')
  await until(() => threads('daimon-poller') === 0, 'the end of the poller')
})

test.serial('a wait that is over takes no other along that has begun before it was told so', async (t) => {
  const { file } = folder(t)
  const [one, other] = ['a.pid', 'b.pid'].map((name) => body({ pidFile: file(name) }))
  const [first, second] = [await one.start('serve'), await other.start('serve')]
  await until(() => threads('daimon-poller') === 0, 'no poller')
  const over = one.exited()
  await until(() => threads('daimon-poller') === 1, 'the poller')
  kill(first.pid)
  // Without a turn of the event loop: the poller has seen it and ended, this program has not been told yet.
  const deadline = Date.now() + 30_000
  while (threads('daimon-poller') > 0 && Date.now() < deadline);
  let told = false
  const controller = new AbortController()
  // A wait that was lost would keep this process alive.
  t.teardown(() => controller.abort())
  other.exited({ signal: controller.signal }).then(
    () => {
      told = true
    },
    () => {},
  )
  await over
  kill(second.pid)
  await until(() => told, 'the second end', 5_000)
  t.pass()
})

test.serial('a worker that ends with waits pending is cleaned up, its half-started daemon too', async (t) => {
  const { file, write, processes } = folder(t)
  const script = write('never.mjs', 'await new Promise(() => setInterval(() => {}, 1e6))')
  const running = body({ pidFile: file('a.pid') })
  const { pid } = await running.start('serve')
  const source = `
    const { parentPort } = require('node:worker_threads')
    import(${JSON.stringify(DAIMON)}).then(({ Daemon }) => {
      for (let wait = 0; wait < 100; wait++) new Daemon({ pidFile: ${JSON.stringify(file('a.pid'))} }).exited()
      new Daemon({ pidFile: ${JSON.stringify(file('b.pid'))}, script: ${JSON.stringify(script)} }).start()
      parentPort.postMessage('waiting')
    })`
  for (let round = 0; round < 5; round++) {
    const worker = new Worker(source, { eval: true })
    await new Promise((resolve) => worker.once('message', resolve))
    // In the first round it may end in the middle of the launch, later not before the daemon lives.
    if (round > 0) await until(() => processes().length > 1, 'the half-started daemon')
    await worker.terminate()
    await until(() => processes().length === 1, 'its end')
    await until(() => threads('daimon-poller') === 0, 'the end of the poller')
  }
  t.deepEqual(processes(), [pid])
  t.like(await running.stop(), { wasRunning: true, forced: false })
})

test.serial('no verb leaves a descriptor open', async (t) => {
  // The half-started daemons of the test before have groups, which threads still wait for.
  await until(() => threads('daimon-group') + threads('daimon-launch') === 0, 'the end of other groups')
  const place = folder(t)
  const daemon = idle(place, { log: place.file('a.log') })
  const control = new Daemon({ pidFile: place.file('a.pid') })
  // By their kind: others come and go.
  const handles = () =>
    readdirSync('/proc/self/fd')
      .map((fd) => readlinkIfThere(`/proc/self/fd/${fd}`))
      .filter((path) => path?.includes('pidfd') || path?.startsWith(place.path))
  await daemon.start()
  for await (const _line of control.logs()) t.fail()
  await control.exited({ signal: AbortSignal.timeout(20) }).catch(() => {})
  await daemon.restart()
  await t.throwsAsync(daemon.with({ script: place.write('bad.mjs', 'throw 1'), lockTimeout: 50 }).start())
  await daemon.stop()
  await t.throwsAsync(daemon.with({ script: place.file('bad.mjs') }).start())
  t.deepEqual(handles(), [])
})

function readlinkIfThere(path) {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
