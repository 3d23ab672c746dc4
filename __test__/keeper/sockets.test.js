// The listening sockets of a keeper: which one a program gets, and how long their queues are.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import test from 'ava'
import { content, fixture, folder, freePort, kill, until } from '../helpers/index.js'
import { get, kept, serving } from '../helpers/keeper.js'
import { needs } from '../helpers/needs.js'

const HAS_IPV6 = Object.values(networkInterfaces())
  .flat()
  .some(({ family }) => family === 'IPv6')
const [major, minor] = process.versions.node.split('.').map(Number)
/** Older versions of Node.js do not know `reusePort`. */
const HAS_REUSE_PORT = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)

const listening = (place) =>
  place.write(
    'listens.cjs',
    `require('node:http')
       .createServer((_, response) => response.end(String(process.pid)))
       .listen(JSON.parse(process.env.WHERE))`,
  )

for (const [flag, host, isThere] of [
  ['ipv6Only', '::', HAS_IPV6],
  ['reusePort', '127.0.0.1', HAS_REUSE_PORT],
]) {
  const one = isThere ? test.serial : test.serial.skip
  one(`a program that asks for ${flag} does not get a socket without it`, async (t) => {
    const place = folder(t)
    const port = await freePort()
    const env = { WHERE: JSON.stringify({ port, host, [flag]: true }) }
    const options = { script: listening(place), listen: { web: { port, host } } }
    const { daemon } = await kept(place, options, env)
    const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
    t.is(error.cause.code, 'EADDRINUSE')
    t.regex(error.cause.message, /the option listen\.web has /)
    // One that is learned is that of the next program, which asks for the same.
    const { daemon: other } = await kept(place, { script: listening(place) }, env)
    await other.start()
    if (flag === 'ipv6Only') await t.throwsAsync(get({ port }), { code: 'ECONNREFUSED' })
    const [old] = await serving(other)
    await other.upgrade()
    t.not((await serving(other))[0], old)
    await other.stop()
  })
}

/** Whether the process has a socket that listens at that port, with IPv6. */
function listensAt(pid, port) {
  const lines = readFileSync('/proc/net/tcp6', 'utf8').split('\n').slice(1)
  const fields = lines.map((line) => line.trim().split(/\s+/))
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const links = fields
    .filter(([, local, , state]) => state === '0A' && local.endsWith(end))
    .map(({ 9: inode }) => `socket:[${inode}]`)
  return readdirSync(`/proc/${pid}/fd`).some((fd) => links.includes(linkOf(`/proc/${pid}/fd/${fd}`)))
}

function linkOf(path) {
  try {
    return readlinkSync(path)
  } catch {
    // It has been closed since.
    return undefined
  }
}

/** A keeper shows its descriptors to root alone. */
const root = HAS_IPV6 ? needs('root', '/proc') : test.serial.skip

root('one that the keeper has dropped, and the program listens at again, is kept as it is', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const env = { PORT: String(port), AGAIN: place.file('again') }
  const { daemon, log } = await kept(place, { script: fixture('keeper/listens-again.cjs') }, env)
  const { pid } = await daemon.start()
  await until(() => listensAt(pid, port))
  const [body] = await serving(daemon)
  kill(body, 'SIGUSR2')
  await until(() => !listensAt(pid, port))
  place.write('again', '')
  await until(() => listensAt(pid, port))
  // The next program asks for the same, and finds it.
  kill(body)
  await until(() => log().match(/^listens$/gm).length === 3)
  t.like(await daemon.status(), { respawns: 1 })
  await daemon.stop()
})

test.serial('a descriptor that the program cannot open is closed', async (t) => {
  const port = await freePort()
  const options = { script: fixture('keeper/cannot-open.cjs'), listen: { web: { port, host: '127.0.0.1' } } }
  const { daemon, log } = await kept(folder(t), options, { PORT: String(port) })
  await daemon.start()
  t.is(log(), 'EADDRINUSE 0\n')
  t.is(await get({ port }), String((await serving(daemon))[0]))
  await daemon.stop()
})

test.serial('a port alone is one of IPv4, too', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const env = { WHERE: JSON.stringify({ port }) }
  const { daemon } = await kept(place, { script: listening(place), listen: { web: port } }, env)
  await daemon.start()
  t.is(await get({ port }), String((await serving(daemon))[0]))
  await daemon.upgrade()
  t.is(await get({ port }), String((await serving(daemon))[0]))
  await daemon.stop()
})

test.serial('a port that the system chooses is not shared, and holds no upgrade up', async (t) => {
  const place = folder(t)
  const script = place.write(
    'any.cjs',
    `const server = require('node:http').createServer((_, response) => response.end('x'))
     server.listen(0, '127.0.0.1', () => console.log('port', server.address().port))`,
  )
  const { daemon, log } = await kept(place, { script })
  const ports = () => Array.from(log().matchAll(/port (\d+)\n/g), ([, port]) => Number(port))
  await daemon.start()
  await until(() => ports().length === 1)
  await daemon.upgrade()
  await until(() => ports().length === 2)
  const [first, second] = ports()
  t.not(first, second)
  t.is(await get({ port: second }), 'x')
  await daemon.stop()
})

/** More than the queue of a server of Node's own has room for. */
const MANY = 700

/** A program that does not accept for as long as a file is there. */
const blocking = (place) =>
  place.write(
    'blocks.cjs',
    `const { existsSync, writeFileSync } = require('node:fs')
     process.on('SIGUSR2', () => {
       writeFileSync('blocked', '')
       while (existsSync('gate'));
     })
     require('node:net').createServer((socket) => socket.on('error', () => {}).end())
       .listen(Number(process.env.PORT), '127.0.0.1')`,
  )

/** Clients that wait in the queue at the same time. */
async function queued(t, port) {
  let count = 0
  const clients = Array.from({ length: MANY }, () =>
    connect(port, '127.0.0.1', () => count++).on('error', () => {}),
  )
  const end = () => {
    for (const client of clients) client.destroy()
  }
  t.teardown(end)
  await until(() => count === MANY, `${MANY} connections`)
  end()
}

const hasRoom = Number(content('/proc/sys/net/core/somaxconn') ?? 0) > MANY ? test.serial : test.serial.skip
for (const [what, declared, isUpgraded] of [
  ['a learned socket', false, false],
  ['one after an upgrade', false, true],
  ['a declared one', true, false],
]) {
  hasRoom(`the queue of ${what} has room for more than Node.js gives it`, async (t) => {
    const place = folder(t)
    const port = await freePort()
    const listen = declared ? { listen: { web: { port, host: '127.0.0.1' } } } : {}
    const options = { script: blocking(place), cwd: place.path, ...listen }
    const { daemon } = await kept(place, options, { PORT: String(port) })
    await daemon.start()
    if (isUpgraded) await daemon.upgrade()
    place.write('gate', '')
    const [body] = await serving(daemon)
    kill(body, 'SIGUSR2')
    await until(() => content(place.file('blocked')) !== undefined)
    await queued(t, port)
    place.rename('gate', 'open')
    await daemon.stop()
    t.pass()
  })
}

hasRoom('a declared socket has that room before its program listens', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const script = place.write('idle.cjs', 'setInterval(() => {}, 1e6)')
  const { daemon } = await kept(place, { script, listen: { web: { port, host: '127.0.0.1' } } })
  await daemon.start()
  await queued(t, port)
  await daemon.stop()
  t.pass()
})
