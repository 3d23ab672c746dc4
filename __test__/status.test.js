import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { Daemon } from '../dist/index.js'
import { body } from './fixtures/body.js'
import { DAIMON, folder, kill, until } from './helpers/index.js'

test.serial('a running daemon shows PID, start, uptime, memory and CPU time', async (t) => {
  const { file } = folder(t)
  const before = Date.now()
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const status = await daemon.status()
  t.like(status, { state: 'running', pid, pidFile: file('a.pid') })
  // The kernel counts starts in hundredths of a second.
  t.true(status.startedAt.getTime() >= before - 20 && status.startedAt.getTime() <= Date.now())
  t.true(status.uptime > 0 && status.uptime < Date.now() - before + 1_000)
  t.true(status.memory > 10_000_000)
  t.true(status.cpu > 0)
})

test.serial('stopped, stale, and running again', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: file('a.pid'), stale: false })
  const { pid } = await daemon.start('serve')
  kill(pid)
  await daemon.exited()
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: file('a.pid'), stale: true })
  await daemon.start('serve')
  t.like(await daemon.status(), { state: 'running' })
})

test.serial(
  'asking does not disturb the daemon: a thousand times, also in the middle of starts',
  async (t) => {
    const { file } = folder(t)
    const daemon = body({ pidFile: file('a.pid') })
    for (let round = 0; round < 3; round++) {
      const starting = daemon.start('serve')
      for (let look = 0; look < 300; look++) await daemon.status()
      const { pid } = await starting
      t.like(await daemon.status(), { state: 'running', pid })
      await daemon.stop()
    }
  },
)

test.serial('importing starts no thread, leaves no handle and lets the process end', async (t) => {
  const { write, node } = folder(t)
  const program = write(
    'a.mjs',
    `import { readdirSync } from 'node:fs'
     const count = () => [readdirSync('/proc/self/task').length, process.getActiveResourcesInfo().length]
     const before = count()
     await import("DAIMON")
     console.log(JSON.stringify(count()) === JSON.stringify(before))`,
  )
  t.like(await node([program]), { code: 0, stdout: 'true\n' })
})

test.serial('a thousand pending waits cost one thread, which ends with them', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const pollers = () => {
    const names = readdirSync('/proc/self/task').map((id) =>
      readFileSync(`/proc/self/task/${id}/comm`, 'utf8'),
    )
    return names.filter((name) => name === 'daimon-poller\n').length
  }
  await until(() => pollers() === 0, 'no poller')
  const waits = Array.from({ length: 1_000 }, () => daemon.exited())
  await until(() => pollers() === 1, 'the poller')
  kill(pid)
  await Promise.all(waits)
  await until(() => pollers() === 0, 'the end of the poller')
  t.pass()
})

test.serial('a worker that ends with waits pending is cleaned up, its half-started daemon too', async (t) => {
  const { file, write, processes } = folder(t)
  const script = write(
    'never.mjs',
    `import { Daemon } from "DAIMON"; await new Promise(() => setInterval(() => {}, 1e6))`,
  )
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
    if (round > 0) await until(() => processes().length > 1, 'the half-started daemon')
    await worker.terminate()
    await until(() => processes().length === 1, 'its end')
  }
  t.deepEqual(processes(), [pid])
  await running.stop()
})

test.serial('Daemon.current is undefined outside of a daemon', (t) => {
  t.is(Daemon.current, undefined)
})
