// Rights that a daemon gives up itself.
import { once } from 'node:events'
import { mkdirSync, utimesSync } from 'node:fs'
import { get } from 'node:http'
import { Daemon } from '../../dist/index.js'
import { fixture, freePort } from '../helpers/index.js'
import { nobody, open, root } from '../helpers/privileges.js'

root('dropPrivileges: a port bound before serves after it', async (t) => {
  const place = open(t)
  const port = await freePort()
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    script: fixture('inside/drops.mjs'),
    env: { PORT: String(port) },
    run() {},
    ready: 'manual',
    cwd: place.path,
    log: place.file('a.log'),
  })
  await daemon.start()
  const { uid, home } = nobody()
  const answer = await new Promise((resolve, reject) => {
    get({ port, agent: false }, (response) => response.once('data', (data) => resolve(String(data)))).on(
      'error',
      reject,
    )
  })
  t.is(answer, uid)
  const { threads, regain, env } = JSON.parse(place.read('seen'))
  t.deepEqual(threads.Uid, [Array(4).fill(uid)])
  t.is(regain, 'EPERM')
  t.like(env, { HOME: home, USER: 'nobody' })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

root('dropPrivileges refuses what it cannot do, and changes nothing then', async (t) => {
  const place = open(t)
  const script = fixture('inside/tries-to-drop.mjs')
  await new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path }).start()
  const wrong = (option) => ['ERR_DAEMON_INVALID_OPTION', option]
  t.deepEqual(JSON.parse(place.read('seen')), [
    wrong('user'),
    wrong('group'),
    wrong('user'),
    wrong('user'),
    0,
    'done',
    wrong('user'),
    'done',
    Number(nobody().uid),
  ])
})

root('a daemon that may no longer look at the path of its socket serves on', async (t) => {
  const place = open(t)
  mkdirSync(place.file('closed'), { mode: 0o700 })
  const daemon = new Daemon({
    pidFile: place.file('closed/a.pid'),
    script: fixture('inside/drops-and-serves.mjs'),
    socket: true,
    log: place.file('a.log'),
  })
  const { pid } = await daemon.start()
  // Each is accepted in a later turn than the one before, so that the looks are among them.
  for (const round of ['first', 'second', 'third']) {
    // The system's notice: something about the file has changed.
    utimesSync(place.file('closed/a.sock'), 1, 1)
    const socket = await daemon.connect()
    t.is(socket.daemon.pid, pid, round)
    const [uid] = await once(socket, 'data')
    t.is(String(uid), `${nobody().uid}\n`)
    socket.destroy()
  }
  await daemon.stop()
  t.regex(place.read('a.log'), /^stop {"by":"signal","signal":"SIGTERM"}\n$/)
})
