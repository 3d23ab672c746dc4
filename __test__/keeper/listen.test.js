import { once } from 'node:events'
import { chmodSync, existsSync, statSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, fixture, folder, freePort, kill, until } from '../helpers/index.js'
import { get, kept } from '../helpers/keeper.js'
import { nobody, open, root } from '../helpers/privileges.js'

const OPTION = { code: 'ERR_DAEMON_INVALID_OPTION' }

test.serial('a declared port is held before the program, which listens there as ever', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = await kept(
    place,
    { respawn: undefined, listen: { web: { host: '127.0.0.1', port } } },
    { PORT: String(port) },
  )
  await daemon.start()
  const before = await get({ port })
  await daemon.upgrade()
  t.not(await get({ port }), before)
  await daemon.stop()
  await t.throwsAsync(get({ port }), { code: 'ECONNREFUSED' })
})

test.serial('a declared path has its mode, and is removed with the daemon', async (t) => {
  const place = folder(t)
  const socketPath = place.file('web.sock')
  const { daemon } = await kept(
    place,
    { listen: { web: { path: socketPath, mode: 0o660 } } },
    { SOCKET: socketPath },
  )
  await daemon.start()
  t.regex(await get({ socketPath }), /^\d+$/)
  t.is(statSync(socketPath).mode & 0o777, 0o660)
  await daemon.upgrade()
  t.regex(await get({ socketPath }), /^\d+$/)
  await daemon.stop()
  t.false(existsSync(socketPath))
})

test.serial(
  'in a long pause nobody waits at what was declared, and the next program has it again',
  async (t) => {
    const place = folder(t)
    const [socketPath, port] = [place.file('web.sock'), await freePort()]
    const script = place.write(
      'both.cjs',
      `const server = () => require('node:http').createServer((request, response) => response.end(String(process.pid)))
     server().listen(process.env.SOCKET)
     server().listen(Number(process.env.PORT), '127.0.0.1')`,
    )
    const listen = { path: { path: socketPath, mode: 0o662 }, port: { host: '127.0.0.1', port } }
    const env = { SOCKET: socketPath, PORT: String(port) }
    const { daemon } = await kept(
      place,
      { script, listen, respawn: { delay: 60_000, maxDelay: 60_000 } },
      env,
    )
    await daemon.start()
    kill(Number(await get({ port })))
    kill(Number(await until(() => get({ port }).catch(() => false))))
    await until(() =>
      get({ port }).then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      ),
    )
    t.false(existsSync(socketPath))
    await t.throwsAsync(get({ socketPath }), { code: 'ENOENT' })
    // Whoever has taken the path meanwhile keeps it, and the log tells.
    const other = createServer().listen(socketPath)
    await once(other, 'listening')
    const error = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' })
    t.true(error.message.includes(`${socketPath}: `) && error.message.includes('EADDRINUSE'), error.message)
    other.close()
    await once(other, 'close')
    await daemon.upgrade()
    t.is(await get({ socketPath }), await get({ port }))
    t.is(statSync(socketPath).mode & 0o777, 0o662)
    await daemon.stop()
    t.false(existsSync(socketPath))
  },
)

test.serial('a Unix socket that a program has made is taken over', async (t) => {
  const place = folder(t)
  const socketPath = place.file('web.sock')
  const { daemon } = await kept(place, {}, { SOCKET: socketPath })
  await daemon.start()
  const { ino } = statSync(socketPath)
  const first = await get({ socketPath })
  kill(Number(first))
  t.not(await get({ socketPath }), first)
  await daemon.upgrade()
  await get({ socketPath })
  t.is(statSync(socketPath).ino, ino)
  await daemon.stop()
  t.false(existsSync(socketPath))
})

test.serial(
  'that of a program which is given up is removed, so that the next start finds no old one',
  async (t) => {
    const place = folder(t)
    const socketPath = place.file('web.sock')
    const fail = place.file('fail')
    const options = { respawn: { delay: 1, limit: 1 } }
    const { daemon } = await kept(place, options, { SOCKET: socketPath, FAIL: fail })
    await daemon.start()
    place.write('fail', '')
    const exited = daemon.exited()
    kill(Number(await get({ socketPath })))
    t.deepEqual(await exited, { code: 1 })
    t.false(existsSync(socketPath))
  },
)

root('the file of a program with other rights is removed with these', async (t) => {
  const place = open(t)
  const socketPath = place.file('web.sock')
  const { daemon } = await kept(place, { user: 'nobody', log: undefined }, { SOCKET: socketPath })
  await daemon.start()
  t.is(statSync(socketPath).uid, Number(nobody().uid))
  kill(Number(await get({ socketPath })))
  await get({ socketPath })
  await daemon.stop()
  t.false(existsSync(socketPath))
  // In a folder that its user cannot change it stays: the keeper, who could, leaves it alone.
  await daemon.start()
  const { bodies } = await daemon.status()
  chmodSync(place.path, 0o755)
  kill(bodies[0].pid)
  await get({ socketPath })
  await daemon.stop()
  t.true(existsSync(socketPath))
})

test.serial('the file of another process at the path of its Unix socket stays', async (t) => {
  const place = folder(t)
  const socketPath = place.file('web.sock')
  const { daemon } = await kept(place, {}, { SOCKET: socketPath })
  await daemon.start()
  unlinkSync(socketPath)
  const other = createServer().listen(socketPath)
  t.teardown(() => other.close())
  await once(other, 'listening')
  await daemon.stop()
  t.true(existsSync(socketPath))
})

test.serial('the context has the descriptors of declared sockets', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const script = place.write(
    'fd.mjs',
    `import { createServer } from 'node:http'
     import { Daemon } from "DAIMON"
     const { instance, sockets } = Daemon.current
     createServer((_, response) => response.end(String(instance))).listen({ fd: sockets.web })`,
  )
  const { daemon } = await kept(place, { script, listen: { web: { host: '127.0.0.1', port } } })
  await daemon.start()
  t.is(await get({ port }), '0')
  await daemon.upgrade()
  t.is(await get({ port }), '0')
  await daemon.stop()
})

test.serial(
  'an address that is taken fails the start before any process, and names the option',
  async (t) => {
    const place = folder(t)
    const server = createServer()
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address()
    const note = place.file('note')
    const { daemon } = await kept(place, { listen: { web: { host: '127.0.0.1', port } } }, { NOTE: note })
    const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
    t.is(error.step, 'listen')
    t.regex(error.message, new RegExp(`listen\\.web: 127\\.0\\.0\\.1:${port} is in use`))
    t.false(existsSync(note))
    t.false(existsSync(place.file('a.pid')))
    server.close()
  },
)

test.serial('so does a path at which something is', async (t) => {
  const place = folder(t)
  const path = place.file('web.sock')
  const { daemon } = await kept(place, { listen: { web: { path } } }, { SOCKET: path })
  const refused = async (pattern) => {
    const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
    t.is(error.step, 'listen')
    t.true(error.message.includes(`listen.web: ${path}: `), error.message)
    t.regex(error.message, pattern)
    t.deepEqual(place.processes(), [])
    for (const left of ['a.pid', 'a.ctl']) t.false(existsSync(place.file(left)), left)
  }
  place.write('web.sock', 'mine')
  await refused(/is no socket/)
  t.is(place.read('web.sock'), 'mine')
  unlinkSync(path)
  const other = createServer().listen(path)
  await once(other, 'listening')
  await refused(new RegExp(`process ${process.pid} listens there`))
  other.close()
})

test.serial('another address of a declared port is refused, and the error names the option', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = await kept(place, { listen: { web: { port, host: '0.0.0.0' } } }, { PORT: String(port) })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(error.cause.code, 'EADDRINUSE')
  t.true(
    error.cause.message.endsWith(`: the option listen.web has 0.0.0.0:${port}; listen there, or change it`),
  )
  t.deepEqual(place.processes(), [])
})

test.serial('what a second body cannot have fails the start, with its own error', async (t) => {
  const place = folder(t)
  const script = place.write(
    'udp.mjs',
    `import { createSocket } from 'node:dgram'
     await new Promise((resolve, reject) => {
       createSocket('udp4').once('error', reject).bind(Number(process.env.PORT), resolve)
     })`,
  )
  const { daemon } = await kept(place, { script, instances: 2 })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(error.cause.code, 'EADDRINUSE')
  t.deepEqual(place.processes(), [])
})

test.serial('a program that never listens at a declared port does not take over', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const script = place.write('never.cjs', 'setInterval(() => {}, 1e6)')
  const { daemon } = await kept(place, { script, listen: { web: { host: '127.0.0.1', port } } })
  await daemon.start()
  const error = await t.throwsAsync(daemon.with({ readyTimeout: 300 }).upgrade(), {
    code: 'ERR_DAEMON_READY_TIMEOUT',
  })
  t.regex(error.message, /it does not listen at tcp 127\.0\.0\.1/)
  await daemon.stop()
})

for (const [option, options] of [
  ['listen.web', { listen: { web: 0 } }],
  ['listen.web.port', { listen: { web: { host: '127.0.0.1' } } }],
  ['listen.web.host', { listen: { web: { port: 80, host: 'localhost' } } }],
  ['listen.web.port', { listen: { web: { port: 80, path: '/x' } } }],
  ['listen.web.mode', { listen: { web: { port: 80, mode: 0o600 } } }],
  ['listen.web.ports', { listen: { web: { ports: 80 } } }],
  ['listen', { listen: { 'no name': 80 } }],
  ['listen.b', { listen: { a: 80, b: { port: 80 } } }],
  ['listen.b', { listen: { a: { path: '/x' }, b: { path: '/x', mode: 0o660 } } }],
  ['listen', { listen: [80] }],
  ['respawn', { respawn: false, listen: { web: 80 } }],
  ['respawn', { respawn: 'sometimes' }],
  ['respawn.limit', { respawn: { limit: -1 } }],
  ['respawn.delays', { respawn: { delays: 1 } }],
  ['respawn.delay', { respawn: { delay: 10, maxDelay: 5 } }],
  ['respawn', { respawn: true, socket: true }],
  ['instances', { instances: 0 }],
  ['instances', { instances: 2, socket: true }],
  ['drainTimeout', { drainTimeout: 1 }],
]) {
  test(`wrong: ${JSON.stringify(options)}`, (t) => {
    t.like(
      t.throws(() => new Daemon({ name: 'a', script: fixture('body.js'), ...options }), OPTION),
      { option },
    )
  })
}

for (const [what, first, second] of [
  ['the same port', (port) => ({ port }), (port) => ({ port })],
  [
    'a port after it was tried at another address',
    (port) => ({ port, host: '127.0.0.1' }),
    (port) => ({ port, host: '::' }),
  ],
  ['the same path', (_, path) => ({ path }), (_, path) => ({ path })],
]) {
  test.serial(`${what}: a program may close a server, and listen again at once`, async (t) => {
    const place = folder(t)
    const [port, path] = [await freePort(), place.file('web.sock')]
    const [one, two] = [first(port, path), second(port, path)]
    const env = { FIRST: JSON.stringify(one), SECOND: JSON.stringify(two) }
    const { daemon } = await kept(place, { script: fixture('keeper/again.mjs') }, env)
    const ask = () => get(two.path === undefined ? { port } : { socketPath: path })
    await daemon.start()
    const body = await ask()
    t.regex(body, /^\d+$/)
    // The next one would find the port in use where it tries it at another address.
    if (one.host !== two.host) return await daemon.stop()
    // It is kept after the time in which a closed one would have been dropped.
    await until(async () => (await daemon.status()).bodies?.[0].uptime > 1_500)
    kill(Number(body))
    await until(() => !alive(Number(body)))
    t.not(await ask(), body)
    await daemon.upgrade()
    await ask()
    await daemon.stop()
  })
}

test.serial('a path that the program has removed, and made again, is that of the next program', async (t) => {
  const place = folder(t)
  const socketPath = place.file('web.sock')
  const script = place.write(
    'again.cjs',
    `const { createServer } = require('node:http')
     const { rmSync } = require('node:fs')
     const serve = () => createServer((_, response) => response.end(String(process.pid))).listen(process.env.SOCKET)
     rmSync(process.env.SOCKET, { force: true })
     serve()`,
  )
  const { daemon } = await kept(place, { script }, { SOCKET: socketPath })
  await daemon.start()
  const first = await get({ socketPath })
  kill(Number(first))
  const second = await until(() => get({ socketPath }).catch(() => undefined))
  await daemon.upgrade()
  await until(() => !alive(Number(second)))
  const third = await get({ socketPath })
  kill(Number(third))
  t.not(await until(() => get({ socketPath }).catch(() => undefined)), third)
  await daemon.stop()
  t.false(existsSync(socketPath))
})

test.serial(
  'a socket that the next program does not listen at is closed, in that program, too',
  async (t) => {
    const place = folder(t)
    const other = await freePort()
    const script = place.write(
      'two.cjs',
      `const { createServer } = require('node:http')
     const { existsSync } = require('node:fs')
     const serve = (port) => createServer((_, response) => response.end(String(process.pid))).listen(port, '127.0.0.1')
     serve(process.env.PORT)
     if (!existsSync(${JSON.stringify(place.file('one'))})) serve(${other})`,
    )
    const { daemon, get: ask } = await kept(place, { script })
    await daemon.start()
    await get({ port: other })
    place.write('one', '')
    await daemon.upgrade()
    await ask()
    await until(() =>
      get({ port: other }).then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      ),
    )
    // And one that needs it again has it.
    unlinkSync(place.file('one'))
    await daemon.upgrade()
    await until(() => get({ port: other }).catch(() => undefined))
    await daemon.stop()
    t.pass()
  },
)

test.serial('a socket that the program has given up is free again', async (t) => {
  const place = folder(t)
  const { daemon, port } = await kept(place)
  await daemon.start()
  await get({ port, path: '/close' }).catch(() => {})
  await until(async () =>
    get({ port }).then(
      () => false,
      (error) => error.code === 'ECONNREFUSED',
    ),
  )
  t.pass()
  await daemon.stop()
})
