import { statSync } from 'node:fs'
import test from 'ava'
import { Daemon, send } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { alive, folder, kill } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { canary, hold } from '../helpers/pidfile.js'

test.serial('a running daemon shows PID, start, uptime, memory and CPU time', async (t) => {
  const { file } = folder(t)
  const before = Date.now()
  const daemon = body({ pidFile: file('a.pid') })
  const started = await daemon.start('serve')
  const after = Date.now()
  const status = await daemon.status()
  t.deepEqual(Object.keys(status).sort(), ['cpu', 'memory', 'pid', 'pidFile', 'startedAt', 'state', 'uptime'])
  t.like(status, { state: 'running', pid: started.pid, pidFile: file('a.pid') })
  // The kernel counts starts in hundredths of a second.
  t.true(status.startedAt.getTime() >= before - 20 && status.startedAt.getTime() <= after + 20)
  t.true(Math.abs(started.startedAt - status.startedAt) <= 20, 'it is the same start at every look')
  t.true(status.uptime >= started.uptime)
  t.true(Math.abs(status.startedAt.getTime() + status.uptime - Date.now()) < 10_000)
  // A Node process: more than 10 MB, less than 2 GB.
  t.true(status.memory > 1e7 && status.memory < 2e9)
  t.true(status.cpu > 0 && status.cpu <= 1e4 && status.cpu >= started.cpu)
})

test.serial('stopped, stale, and running again', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: file('a.pid'), stale: false })
  const { pid } = await daemon.start('serve')
  kill(pid)
  await daemon.exited()
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: file('a.pid'), stale: true })
  const next = await daemon.start('serve')
  t.like(await daemon.status(), { state: 'running', pid: next.pid })
  await daemon.stop()
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: file('a.pid'), stale: false })
})

test.serial('an empty pidfile, and one in a missing folder, are stopped daemons', async (t) => {
  const { file, write } = folder(t)
  write('a.pid', '')
  for (const name of ['a.pid', 'no/such/folder/a.pid']) {
    t.deepEqual(await new Daemon({ pidFile: file(name) }).status(), {
      state: 'stopped',
      pidFile: file(name),
      stale: false,
    })
  }
})

needs('python3')(
  'a pidfile that a foreign process holds is unverified, and no verb touches who it names',
  async (t) => {
    const place = folder(t)
    const stranger = await canary(place)
    place.write('a.pid', `${stranger}\n`)
    const holder = await hold(place, [place.file('a.pid')])
    const daemon = body({ pidFile: place.file('a.pid'), stopTimeout: 100 })
    const status = await daemon.status()
    t.like(status, { state: 'unverified', pidFile: place.file('a.pid'), pid: stranger })
    t.true(status.reason.length > 0)
    // At once: each looks for a second whether the holder can be proven after all.
    const verbs = [
      daemon.stop(),
      daemon.restart('serve'),
      daemon.reload(),
      daemon.signal('SIGKILL'),
      daemon.exited(),
      send(place.file('a.pid'), 'SIGKILL'),
    ]
    for (const { reason } of await Promise.allSettled(verbs)) {
      t.like(reason, { code: 'ERR_DAEMON_UNVERIFIED', pid: stranger, reason: status.reason })
    }
    t.true(alive(stranger) && alive(holder))
    t.is(place.read('a.pid'), `${stranger}\n`)
    kill(holder)
  },
)

test.serial('asking disturbs neither starts nor stops', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  for (let round = 0; round < 5; round++) {
    let polling = true
    const seen = new Set()
    const poll = (async () => {
      while (polling) {
        const { pid } = await daemon.status()
        if (pid !== undefined) seen.add(pid)
        await new Promise(setImmediate)
      }
    })()
    const { pid } = await daemon.start('serve')
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    polling = false
    await poll
    t.deepEqual([...seen], [pid])
    t.deepEqual(processes(), [])
  }
})

test.serial('asking does not touch the pidfile', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const look = () => {
    const { ino, mtimeNs, ctimeNs, size } = statSync(file('a.pid'), { bigint: true })
    return { ino, mtimeNs, ctimeNs, size }
  }
  const before = look()
  await Promise.all(Array.from({ length: 100 }, () => daemon.status()))
  t.deepEqual(look(), before)
  kill(pid)
  await daemon.exited()
  for (let times = 0; times < 100; times++) await daemon.status()
  t.deepEqual(look(), before, 'nor a stale one')
})

test.serial('Daemon.current is undefined outside of a daemon', (t) => {
  t.is(Daemon.current, undefined)
})
