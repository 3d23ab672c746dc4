import { existsSync } from 'node:fs'
import test from 'ava'
import { alive, folder, kill, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'

/** Ignores what would end it, and has a child that does, too; says so. */
const STUBBORN = `
  const { spawn } = require('node:child_process')
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => console.log('heard ' + signal))
  const child = spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do read x < /dev/zero; done'])
  child.stdout.once('data', () => console.log('child ' + child.pid))
  require('node:http').createServer().listen(process.env.SOCKET)
  setInterval(() => {}, 1e6)`

for (const stopGroup of [false, true]) {
  const what = stopGroup ? 'with what it has started' : 'and its keeper ends as itself'
  test.serial(`a body that does not stop in time is killed, ${what}`, async (t) => {
    const place = folder(t)
    const script = place.write('stubborn.cjs', STUBBORN)
    const web = { path: place.file('web.sock') }
    const options = { script, stopTimeout: 100, stopGroup, listen: { web } }
    const { daemon, log } = await kept(place, options, { SOCKET: web.path })
    await daemon.start()
    const [body] = await serving(daemon)
    await until(() => /child \d+/.test(log()), 'the child')
    const child = Number(/child (\d+)/.exec(log())[1])
    t.like(await daemon.stop(), { wasRunning: true, forced: true, stale: false })
    t.false(alive(body))
    if (stopGroup) {
      // The signal is sent, and takes effect when the child runs again.
      await until(() => !alive(child))
    } else {
      t.true(alive(child))
      kill(child)
    }
    t.regex(log(), /heard SIGTERM/)
    // Nothing is left that only the keeper itself removes.
    for (const left of ['a.pid', 'a.ctl', 'web.sock']) t.false(existsSync(place.file(left)), left)
  })
}

for (const stopGroup of [false, true]) {
  test.serial(
    `what a body has started ${stopGroup ? 'is told to stop, too' : 'is left alone'}`,
    async (t) => {
      const place = folder(t)
      const script = place.write(
        'parent.cjs',
        `const child = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' })
       console.log('child ' + child.pid)
       process.on('SIGTERM', () => child.unref())
       setInterval(() => {}, 1e6).unref()`,
      )
      const { daemon, log } = await kept(place, { script, stopGroup })
      await daemon.start()
      const child = Number(/child (\d+)/.exec(log())[1])
      t.like(await daemon.stop(), { wasRunning: true, forced: false })
      if (stopGroup) return await until(() => !alive(child))
      t.true(alive(child))
      kill(child)
    },
  )
}

test.serial('a stop by another signal than that of the start stops, too', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  await daemon.start()
  const { daemon: other } = await kept(place, { stopSignal: 'SIGALRM' })
  t.like(await other.stop(), { wasRunning: true, forced: false })
})

test.serial('a daemon whose program takes its time to stop is stopping', async (t) => {
  const place = folder(t)
  const script = place.write('stubborn.cjs', STUBBORN)
  const { daemon } = await kept(
    place,
    { script, stopGroup: true, stopTimeout: 300 },
    { SOCKET: place.file('s') },
  )
  const { pid, bodies } = await daemon.start()
  t.is(bodies.length, 1)
  kill(pid, 'SIGTERM')
  await until(async () => (await daemon.status()).stopping)
  t.like(await daemon.stop(), { forced: true })
})

test.serial('without forceKill nothing is killed, and a second stop can still force it', async (t) => {
  const place = folder(t)
  const script = place.write('stubborn.cjs', STUBBORN)
  const { daemon } = await kept(
    place,
    { script, stopTimeout: 100, forceKill: false },
    { SOCKET: place.file('s') },
  )
  await daemon.start()
  const [body] = await serving(daemon)
  await t.throwsAsync(daemon.stop(), { code: 'ERR_DAEMON_STOP_TIMEOUT' })
  t.true(alive(body))
  const { daemon: other } = await kept(place, { script, stopTimeout: 100, stopGroup: true })
  t.like(await other.stop(), { forced: true })
  t.false(alive(body))
})
