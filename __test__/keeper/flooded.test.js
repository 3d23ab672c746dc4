// What is sent to a keeper without an end, or never read: it serves on, and has no more than it has to.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, fixture, folder, freePort, isAtRest, kill, until } from '../helpers/index.js'
import { get, kept, serving } from '../helpers/keeper.js'
import { needs } from '../helpers/needs.js'

/** A keeper shows its descriptors to root alone, as nobody may see its memory. */
const root = needs('root', '/proc')

const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length

root(
  'of many clients that say nothing it has 64, and the others are served when these have gone',
  async (t) => {
    const place = folder(t)
    const { daemon, get } = await kept(place)
    const { pid } = await daemon.start()
    const body = await get()
    const before = descriptors(pid)
    let closed = 0
    const clients = Array.from({ length: 200 }, () =>
      connect(place.file('a.ctl'))
        .on('error', () => {})
        .on('close', () => closed++)
        .resume(),
    )
    const end = () => {
      for (const client of clients) client.destroy()
    }
    t.teardown(end)
    await until(() => closed >= 200 - 64)
    t.true(descriptors(pid) <= before + 64)
    t.is(await get(), body)
    const refused = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_UNVERIFIED' })
    t.is(refused.reason, 'too many ask the keeper at once')
    end()
    await until(async () => (await daemon.status()).bodies !== undefined)
    await daemon.stop()
  },
)

root('without a descriptor for another client it sleeps, and hears the others later', async (t) => {
  const place = folder(t)
  const script = fixture('keeper/server.cjs')
  const port = await freePort()
  const launcher = place.write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     const [pidFile, script] = ${JSON.stringify([place.file('a.pid'), script])}
     await new Daemon({ pidFile, script, respawn: true, env: { PORT: '${port}' } }).start()`,
  )
  const command = ['-c', 'ulimit -n 48 && exec "$0" "$1"', process.execPath, launcher]
  execFileSync('sh', command, { stdio: 'inherit' })
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  const { pid } = await daemon.status()
  const clients = Array.from({ length: 60 }, () => connect(place.file('a.ctl')).on('error', () => {}))
  const end = () => {
    for (const client of clients) client.destroy()
  }
  t.teardown(end)
  await Promise.all(clients.map((client) => once(client, 'connect')))
  await until(() => descriptors(pid) > 40 && isAtRest(pid))
  end()
  await until(async () => (await daemon.status()).bodies !== undefined)
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

needs(
  'root',
  '/proc',
  'prlimit',
  'processor of its own',
)('without a descriptor for any client it sleeps, and serves them when there is one', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place)
  const { pid } = await daemon.start()
  const body = await get()
  const limit = (most) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${most}:`])
  limit(4)
  const client = connect(place.file('a.ctl')).on('error', () => {})
  t.teardown(() => client.destroy())
  await once(client, 'connect')
  // As long as clients wait in the queue the system reports them at each look: that takes all of a processor.
  const spent = () => {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15)
    return Number(user) + Number(system)
  }
  const before = spent()
  const { uptime } = await daemon.status()
  await until(async () => (await daemon.status()).uptime > uptime + 500)
  t.true(spent() <= before + 2, `${spent()} ${before}`)
  limit(1_000)
  await until(async () => (await daemon.status()).bodies !== undefined)
  t.is(await get(), body)
  await daemon.stop()
})

test.serial('a client that reads no answers holds it up in nothing', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place)
  await daemon.start()
  const body = await get()
  const client = connect(place.file('a.ctl')).on('error', () => {})
  t.teardown(() => client.destroy())
  const question = Buffer.from([0x3f, 0, 0, 0, 0])
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => client.write(Buffer.concat(Array(1_000).fill(question)), resolve))
  }
  kill(Number(body))
  t.not(await get(), body)
  t.like(await daemon.status(), { respawns: 1 })
  await daemon.stop()
})

test.serial('a body that reads nothing holds it up in nothing', async (t) => {
  const place = folder(t)
  const script = fixture('keeper/untrusted.cjs')
  const { daemon, port } = await kept(place, { script, instances: 2 })
  await daemon.start()
  const [first, second] = await serving(daemon)
  kill(second, 'SIGSTOP')
  // Each of its words is one for the other body.
  const ask = (path) => get({ port, path })
  for (let round = 0; round < 20; round++) t.is(await ask('/opens%20the%20log%20again'), String(first))
  kill(first)
  const next = await until(async () => (await serving(daemon)).find((pid) => ![first, second].includes(pid)))
  t.is(await ask('/'), String(next))
  kill(second, 'SIGCONT')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.false(alive(second))
})

root('of the sockets that a program opens it keeps 128', async (t) => {
  const place = folder(t)
  const script = place.write(
    'many.cjs',
    `const { createServer } = require('node:net')
     let left = 200
     for (let count = left; count > 0; count--)
       createServer().listen('many-' + count, () => { if (--left === 0) console.log('all') })`,
  )
  const { daemon, log } = await kept(place, { script, cwd: place.path })
  const { pid } = await daemon.start()
  await until(() => log() === 'all\n')
  const [body] = await serving(daemon)
  await until(() => descriptors(pid) >= 128)
  // What a body has said is heard before its end.
  kill(body)
  await until(async () => (await daemon.status()).respawns === 1)
  t.true(descriptors(pid) < 128 + 20, `${descriptors(pid)}`)
  await daemon.stop()
})

needs(
  'python3',
  'root',
  '/proc',
)('descriptors that nobody asks for, and what is no listening socket, are closed', async (t) => {
  const place = folder(t)
  const script = place.write(
    'sends.cjs',
    `const { readdirSync, readlinkSync } = require('node:fs')
     const link = (fd) => { try { return readlinkSync("/proc/self/fd/" + fd) } catch { return '' } }
     const channel = readdirSync('/proc/self/fd').map(Number).find((fd) => fd > 2 && fd < 16 && link(fd)[0] === 's')
     require('node:http').createServer((request, response) => {
       if (request.url !== '/send') return response.end(String(process.pid))
       require('node:child_process')
         .spawn('python3', [process.env.SENDS, '3'], { stdio: ['ignore', 'inherit', 'inherit', channel] })
         .on('close', (code) => response.end(String(code)))
     }).listen(Number(process.env.PORT), '127.0.0.1')`,
  )
  const { daemon, get, log } = await kept(place, { script }, { SENDS: fixture('keeper/sends.py') })
  const { pid } = await daemon.start()
  const body = await get()
  const before = descriptors(pid)
  t.is(await get('/send'), '0', log())
  t.like(await daemon.status(), { respawns: 0 })
  t.true(descriptors(pid) <= before + 64 + 2, `${before} ${descriptors(pid)}`)
  kill(Number(body))
  t.not(await get(), body)
  await until(() => descriptors(pid) <= before + 1)
  await daemon.stop()
})

const python = needs('python3', '/proc')
python('what a body has started, and goes on after its end, holds it up in nothing', async (t) => {
  const place = folder(t)
  const script = place.write(
    'leaves.cjs',
    `const { readdirSync, readlinkSync } = require('node:fs')
     const link = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd) } catch { return '' } }
     const channel = readdirSync('/proc/self/fd').map(Number).find((fd) => fd > 2 && fd < 16 && link(fd)[0] === 's')
     require('node:http').createServer((request, response) => {
       if (request.url !== '/floods') return response.end(String(process.pid))
       const stdio = ['ignore', 'ignore', 'ignore', channel]
       const child = require('node:child_process').spawn('python3', [process.env.GOES_ON], { stdio })
       child.on('spawn', () => response.end(String(child.pid)))
     }).listen(Number(process.env.PORT), '127.0.0.1')`,
  )
  const { daemon, get } = await kept(place, { script }, { GOES_ON: fixture('keeper/goes-on.py') })
  const { pid } = await daemon.start()
  const body = await get()
  const flooding = Number(await get('/floods'))
  t.teardown(() => alive(flooding) && kill(flooding))
  const spent = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join(' ')
  const before = spent()
  await until(() => spent() !== before)
  kill(Number(body))
  t.not(await get(), body)
  t.like(await daemon.status(), { respawns: 1 })
  await until(() => !alive(flooding))
  await daemon.stop()
})
