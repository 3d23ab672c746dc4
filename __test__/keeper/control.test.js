// The socket beside the pidfile by which a keeper is controlled.
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, readdirSync, statSync, watch } from 'node:fs'
import { connect, createServer } from 'node:net'
import test from 'ava'
import { alive, fixture, folder, kill, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'
import { nobody, open, root } from '../helpers/privileges.js'

test.serial('it is for the user alone, and gone with the daemon', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  await daemon.start()
  t.is(statSync(place.file('a.ctl')).mode & 0o7777, 0o600)
  await daemon.stop()
  t.false(existsSync(place.file('a.ctl')))
})

test.serial('it goes before the pidfile, so that whoever has the lock next may make its own', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  await daemon.start()
  const changed = []
  const watcher = watch(place.path, (_, name) => changed.push(name))
  t.teardown(() => watcher.close())
  await daemon.stop()
  const gone = () => changed.filter((name) => name === 'a.ctl' || name === 'a.pid')
  await until(() => gone().length === 2)
  t.deepEqual(gone(), ['a.ctl', 'a.pid'])
})

/** Starts it, and kills its keeper. */
async function dies(daemon) {
  const { pid } = await daemon.start()
  kill(pid)
  await until(() => !alive(pid))
}

test.serial('that of a keeper that was killed is replaced', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  await dies(daemon)
  t.true(existsSync(place.file('a.ctl')))
  await daemon.start()
  t.is((await serving(daemon)).length, 1)
  await daemon.stop()
})

test.serial('that of a keeper that was killed goes with the next daemon, which has none', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  await dies(daemon)
  t.true(existsSync(place.file('a.ctl')))
  await daemon.with({ respawn: false }).start()
  t.false(existsSync(place.file('a.ctl')))
  await daemon.stop()
  t.deepEqual(readdirSync(place.path), ['a.log'])
})

test.serial('a stop by a signal that kills leaves none', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  await daemon.start()
  await daemon.with({ stopSignal: 'SIGKILL' }).stop()
  t.deepEqual(readdirSync(place.path), ['a.log'])
})

test.serial('a declared socket at its path fails the start', async (t) => {
  const place = folder(t)
  const listen = { web: { path: place.file('a.ctl') } }
  const { daemon } = await kept(place, { listen, log: undefined })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(error.step, 'listen')
  t.regex(error.message, /listen\.web: .*a\.ctl: the keeper's own socket is there/)
  t.deepEqual(readdirSync(place.path), [])
})

test.serial('a declared path with a line end fails the start', async (t) => {
  const place = folder(t)
  const listen = { web: { path: place.file('a\nb.sock') } }
  const { daemon } = await kept(place, { listen, log: undefined })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(error.step, 'listen')
  t.regex(error.message, /a path must be UTF-8 without a line end/)
  t.deepEqual(readdirSync(place.path), [])
})

test.serial('a pidfile whose name is too long for it is refused by its own option', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place, { pidFile: place.file(`${'a'.repeat(110)}.pid`), log: undefined })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_INVALID_OPTION' })
  t.is(error.option, 'pidFile')
  t.deepEqual(readdirSync(place.path), [])
})

test.serial('a socket at which another process listens is not replaced, and the start fails', async (t) => {
  const place = folder(t)
  const other = createServer().listen(place.file('a.ctl'))
  t.teardown(() => other.close())
  await once(other, 'listening')
  const { daemon } = await kept(place)
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_PIDFILE' })
  t.like(error, { reason: 'in-use' })
  t.true(error.message.includes(place.file('a.ctl')), error.message)
  t.true(other.listening && existsSync(place.file('a.ctl')))
  t.deepEqual(place.processes(), [])
})

test.serial('a file at its path is not removed, and the start fails', async (t) => {
  const place = folder(t)
  place.write('a.ctl', 'mine')
  const { daemon } = await kept(place)
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_PIDFILE' })
  t.like(error, { reason: 'not-a-socket' })
  t.true(error.message.includes(place.file('a.ctl')), error.message)
  t.is(place.read('a.ctl'), 'mine')
  t.deepEqual(place.processes(), [])
})

test.serial('whoever takes the place of the socket is not talked to', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  await daemon.start()
  const other = createServer((socket) => socket.on('error', () => {}).end('{}')).listen(place.file('b.ctl'))
  t.teardown(() => other.close())
  await once(other, 'listening')
  place.rename('b.ctl', 'a.ctl')
  t.is((await daemon.status()).bodies, undefined)
  const error = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_UNSUPPORTED' })
  t.regex(error.message, /has no keeper/)
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

test.serial('a status does not wait for a keeper that does not answer', async (t) => {
  const place = folder(t)
  const { daemon } = await kept(place)
  const { pid } = await daemon.start()
  kill(pid, 'SIGSTOP')
  const status = await daemon.status()
  t.like(status, { state: 'running', pid })
  t.is(status.bodies, undefined)
  kill(pid, 'SIGCONT')
  t.is((await serving(daemon)).length, 1)
  await daemon.stop()
})

test.serial('a stop that is announced, and does not come, is forgotten', async (t) => {
  const place = folder(t)
  const { daemon, log } = await kept(place)
  const { pid } = await daemon.start()
  const client = connect(place.file('a.ctl'))
  t.teardown(() => client.destroy())
  // A frame: its kind, its length, whether the stop is for groups, and its signal, SIGUSR2.
  client.write(Buffer.from(['A'.charCodeAt(0), 5, 0, 0, 0, 0, 12, 0, 0, 0]))
  await once(client, 'data')
  client.destroy()
  await until(async () => (await daemon.status()).bodies !== undefined)
  kill(pid, 'SIGUSR2')
  await until(() => log().includes('heard SIGUSR2'))
  t.like(await daemon.status(), { state: 'running', stopping: undefined, respawns: 0 })
  await daemon.stop()
})

test.serial('garbage, and clients without a number, change nothing', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place)
  await daemon.start()
  const body = await get()
  const clients = Array.from({ length: 200 }, () => connect(place.file('a.ctl')).on('error', () => {}))
  for (const client of clients) client.write(Buffer.alloc(1_000, '?'))
  const close = () => {
    for (const client of clients) client.destroy()
  }
  t.teardown(close)
  t.is(await get(), body)
  close()
  await until(async () => (await daemon.status()).bodies !== undefined)
  await daemon.stop()
  t.pass()
})

root('a folder in which its user may make no socket is told as the reason', async (t) => {
  const place = open(t)
  const { uid, gid } = nobody()
  chmodSync(place.path, 0o755)
  place.write('a.pid', '')
  chownSync(place.file('a.pid'), Number(uid), Number(gid))
  const launcher = place.write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     const pidFile = ${JSON.stringify(place.file('a.pid'))}
     const script = ${JSON.stringify(fixture('keeper/server.cjs'))}
     const daemon = new Daemon({ pidFile, script, respawn: true, cwd: '/' })
     await daemon.start().catch(({ code, message }) => console.log(code, message))`,
  )
  const { stdout } = await place.node([launcher], { uid: Number(uid), gid: Number(gid), cwd: '/' })
  t.true(stdout.startsWith(`ERR_DAEMON_PERMISSION_DENIED ${place.file('a.ctl')}: `), stdout)
  t.deepEqual(place.processes(), [])
})

root('another user is turned away, though the file lets it in', async (t) => {
  const place = open(t)
  const { daemon } = await kept(place)
  await daemon.start()
  chmodSync(place.file('a.ctl'), 0o666)
  const { uid, gid } = nobody()
  const client = place.write(
    'client.cjs',
    `const socket = require('node:net').connect(${JSON.stringify(place.file('a.ctl'))})
     socket.on('error', ({ code }) => console.log(code)).on('close', () => console.log('closed'))
     socket.on('data', (bytes) => console.log('told', bytes.toString(), socket.destroy() === undefined))
     socket.write(Buffer.from([0x3f, 0, 0, 0, 0]))`,
  )
  const { stdout } = await place.node([client], { uid: Number(uid), gid: Number(gid), cwd: '/' })
  t.regex(stdout, /closed\n$/)
  t.false(stdout.includes('told'))
  // The same is told to its own user.
  t.regex((await place.node([client])).stdout, /told/)
  await daemon.stop()
})
