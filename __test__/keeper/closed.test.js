import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'ava'
import { folder, freePort, until } from '../helpers/index.js'
import { get, kept, serving } from '../helpers/keeper.js'

/** A program that opens its server again when asked to; `again` is code that does it. */
const reopening = (place, again) =>
  place.write(
    'again.cjs',
    `const { PORT, SOCKET } = process.env
     const where = SOCKET === undefined ? [Number(PORT), '127.0.0.1'] : [SOCKET]
     const server = require('node:http').createServer((request, response) => {
       response.setHeader('connection', 'close').end(String(process.pid))
       if (request.url === '/again') response.once('close', () => { ${again} })
       if (request.url === '/fail') response.once('close', () => server.close(() => process.exit(3)))
     })
     server.listen(...where)`,
  )

for (const [what, again] of [
  ['at once', 'server.close(); server.listen(...where)'],
  ['after its end', 'server.close(() => server.listen(...where))'],
  ['as another one', 'server.close(() => server.listen({ port: where[0], host: where[1] }))'],
]) {
  test.serial(`a server that is closed and opened again ${what} goes on, and is replaced`, async (t) => {
    const place = folder(t)
    const { daemon, port, said } = await kept(place, { script: reopening(place, again) })
    await daemon.start()
    const first = await get({ port, path: '/again' })
    await until(() => get({ port }).catch(() => false))
    t.is(await get({ port }), first)
    await daemon.upgrade()
    await until(async () => (await serving(daemon)).length === 1)
    const second = await get({ port })
    t.not(second, first)
    t.like(await daemon.status(), { respawns: 0 })
    t.is(said(), '')
    await daemon.stop()
  })
}

test.serial('a program that closes its server and fails is started again with its socket', async (t) => {
  const place = folder(t)
  const script = reopening(place, '')
  const { daemon, port, log } = await kept(place, { script, respawn: { delay: 1_500, limit: 5 } })
  await daemon.start()
  const first = await get({ port, path: '/fail' })
  const second = await get({ port, path: '/fail' })
  t.not(second, first)
  // It waits for longer than a socket may be closed.
  const third = await get({ port })
  t.not(third, second)
  await daemon.upgrade()
  t.not(await get({ port }), third)
  t.notRegex(log(), /EADDRINUSE/)
  await daemon.stop()
})

test.serial(
  'a program that removes the path before it listens there is reached, whoever follows',
  async (t) => {
    const place = folder(t)
    const socketPath = place.file('web.sock')
    const script = place.write(
      'removes.cjs',
      `require('node:fs').rmSync(process.env.SOCKET, { force: true })
     require(${JSON.stringify(reopening(place, 'server.close(() => server.listen(...where))'))})`,
    )
    const { daemon, log } = await kept(place, { script }, { SOCKET: socketPath })
    await daemon.start()
    const first = await get({ socketPath })
    await daemon.upgrade()
    const second = await get({ socketPath })
    t.not(second, first)
    await daemon.upgrade()
    const third = await get({ socketPath })
    t.not(third, second)
    await get({ socketPath, path: '/fail' })
    const fourth = await until(() => get({ socketPath }).catch(() => false))
    t.not(fourth, third)
    await get({ socketPath, path: '/again' })
    t.is(await until(() => get({ socketPath }).catch(() => false)), fourth)
    await daemon.upgrade()
    t.not(await get({ socketPath }), fourth)
    t.notRegex(log(), /EADDRINUSE/)
    await daemon.stop()
  },
)

test.serial('a second server at the same address is refused, also after a replacement', async (t) => {
  const place = folder(t)
  const script = place.write(
    'twice.cjs',
    `const { createServer } = require('node:http')
     const host = '127.0.0.1'
     const port = Number(process.env.PORT)
     createServer((request, response) => response.end('first')).listen({ port, host }, () => {
       createServer((request, response) => response.end('second'))
         .once('error', ({ code }) => console.log(code))
         .listen({ port, host })
     })`,
  )
  const { daemon, get, said } = await kept(place, { script })
  await daemon.start()
  await until(() => said() !== '')
  await daemon.upgrade()
  await until(() => said().split('\n').length === 3)
  t.is(said(), 'EADDRINUSE\nEADDRINUSE\n')
  t.is(await get(), 'first')
  await daemon.stop()
})

test.serial('a closed server refuses connections while one is still open', async (t) => {
  const place = folder(t)
  const { daemon, port, get } = await kept(place)
  await daemon.start()
  const open = connect(port, '127.0.0.1')
  await once(open, 'connect')
  // Node.js 26 closes those that have asked nothing.
  open.write('GET /later?ms=600000 HTTP/1.1\r\nHost: a\r\n\r\n')
  await get()
  await get('/close')
  await until(() =>
    get().then(
      () => false,
      ({ code }) => code === 'ECONNREFUSED',
    ),
  )
  t.false(open.closed)
  open.destroy()
  await daemon.stop()
})

test.serial(
  'a socket that the next programs do not take is closed after a while, and told once',
  async (t) => {
    const place = folder(t)
    const [other, third] = [await freePort(), await freePort()]
    const script = place.write(
      'once.cjs',
      `const { existsSync, writeFileSync } = require('node:fs')
     const { createServer } = require('node:http')
     const listen = (port) => createServer((request, response) => response.end('x')).listen(port, '127.0.0.1')
     listen(Number(process.env.PORT)).on('request', ({ url }) => url === '/close' && last.close())
     const last = listen(${third})
     if (!existsSync('once')) listen(${other})
     writeFileSync('once', '')`,
    )
    const { daemon, get: ask, log } = await kept(place, { script, cwd: place.path })
    await daemon.start()
    await until(() => get({ port: other }).catch(() => false))
    await daemon.upgrade()
    await daemon.upgrade()
    const told = () => log().split(`tcp 127.0.0.1:${other} is closed`).length - 1
    await until(() => told() > 0)
    const isRefused = (port) => () =>
      Promise.race([get({ port }), ask().then(() => true)]).then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      )
    await until(isRefused(other))
    // This takes a second, in which all is told that there is to tell.
    t.is(await ask('/close'), 'x')
    await until(isRefused(third))
    t.is(told(), 1)
    await daemon.stop()
  },
)
