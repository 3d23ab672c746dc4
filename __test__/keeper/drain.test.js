// A body that is replaced: what its program sees, and what its clients see on connections that last.
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { connect } from 'node:net'
import test from 'ava'
import { alive, fixture, folder, until } from '../helpers/index.js'
import { keepAlive, kept, serving } from '../helpers/keeper.js'
import { native } from '../helpers/native.js'

test.serial('the program sees its server listen as before, and can close it', async (t) => {
  const place = folder(t)
  const script = place.write(
    'sees.mjs',
    `import { createServer } from 'node:http'
     import { Daemon } from "DAIMON"
     const server = createServer((_, answer) => answer.end(String(process.pid))).listen(process.env.PORT, '127.0.0.1')
     const look = () => {
       console.log(server.listening, JSON.stringify(server.address()))
       server.close((error) => console.log('closed', error, server.listening))
     }
     // Nobody accepts any more by then.
     Daemon.current.on('drain', () => setImmediate(look))`,
  )
  const { daemon, port, get, said } = await kept(place, { script })
  await daemon.start()
  const before = await get()
  await daemon.upgrade()
  await until(() => !alive(Number(before)))
  const address = JSON.stringify({ address: '127.0.0.1', family: 'IPv4', port })
  t.is(said(), `true ${address}\nclosed undefined false\n`)
  t.not(await get(), before)
  await daemon.stop()
})

/** What is written to it gets its answers; Node's own client would open another connection. */
async function opened(t, port) {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  let text = ''
  socket.setEncoding('utf8').on('data', (more) => {
    text += more
  })
  await once(socket, 'connect')
  return {
    socket,
    ask: (path) => socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`),
    answers: () => Array.from(text.matchAll(/\r\n\r\n(\d+)/g), ([, pid]) => pid),
  }
}

test.serial('a connection that has said nothing is served by the next program', async (t) => {
  const place = folder(t)
  const { daemon, port } = await kept(place)
  await daemon.start()
  const [old] = await serving(daemon)
  const { socket, ask, answers } = await opened(t, port)
  // The kernel has it in the queue until the program accepts it, in order.
  const other = await opened(t, port)
  other.ask('/')
  await until(() => other.answers().length === 1)
  await daemon.upgrade()
  await until(() => !alive(old))
  t.false(socket.closed)
  const [next] = await serving(daemon)
  ask('/')
  await until(() => answers().length === 1)
  t.deepEqual(answers(), [String(next)])
  await daemon.stop()
})

test.serial('a connection with an answer under way follows when that is given', async (t) => {
  const place = folder(t)
  const { daemon, port } = await kept(place)
  await daemon.start()
  const [old] = await serving(daemon)
  const { ask, answers } = await opened(t, port)
  ask('/')
  await until(() => answers().length === 1)
  ask('/later?ms=500')
  await daemon.upgrade()
  const [next] = await serving(daemon)
  await until(() => answers().length === 2)
  await until(() => !alive(old))
  ask('/')
  await until(() => answers().length === 3)
  t.deepEqual(answers().map(Number), [old, old, next])
  await daemon.stop()
})

/** Connections wait for 100 ms between two requests, and some time that newer versions of Node.js add. */
const IMPATIENT = `
  const { createServer } = require('node:http')
  const server = createServer((request, response) => {
    const later = /\\d+/.exec(request.url)
    setTimeout(() => response.end(process.pid + '\\n'), Number(later ?? 0))
  })
  server.keepAliveTimeout = 100
  server.listen(Number(process.env.PORT), '127.0.0.1')`

test.serial(
  'one that was moved waits for its next request as long as any, and its answers take their time',
  async (t) => {
    const place = folder(t)
    const { daemon, port } = await kept(place, { script: place.write('impatient.cjs', IMPATIENT) })
    await daemon.start()
    const [old] = await serving(daemon)
    const [idle, asking] = [await opened(t, port), await opened(t, port)]
    const other = await opened(t, port)
    other.ask('/')
    await until(() => other.answers().length === 1)
    await daemon.upgrade()
    // Longer than it would wait, so that it has the time of its server for that.
    asking.ask('/3000')
    await until(() => idle.socket.closed)
    await until(() => !alive(old))
    await until(() => asking.answers().length === 1 || asking.socket.closed)
    t.deepEqual(asking.answers(), (await serving(daemon)).map(String))
    await daemon.stop()
  },
)

test.serial('with TLS the next answer is the last of its connection', async (t) => {
  const place = folder(t)
  const { daemon, port } = await kept(place, { script: fixture('keeper/https.cjs') })
  await daemon.start()
  const psk = Buffer.alloc(32, 'k')
  const tls = {
    ciphers: 'PSK',
    maxVersion: 'TLSv1.2',
    pskCallback: () => ({ identity: 'test', psk }),
    checkServerIdentity() {},
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...tls })
  t.teardown(() => agent.destroy())
  const ask = () =>
    new Promise((resolve, reject) => {
      const asking = request({ host: '127.0.0.1', port, agent }, (response) => {
        const { connection } = response.headers
        response.resume().once('end', () => resolve({ connection, socket: asking.socket }))
      })
      asking.on('error', reject).end()
    })
  const first = await ask()
  await until(() => Object.keys(agent.freeSockets).length === 1)
  const [old] = await serving(daemon)
  await daemon.upgrade()
  t.true(alive(old))
  const second = await ask()
  t.is(second.socket, first.socket)
  t.deepEqual([first.connection, second.connection], ['keep-alive', 'close'])
  await until(() => !alive(old))
  t.not((await ask()).socket, first.socket)
  await daemon.stop()
})

test.serial(
  'signals are for the program that serves, not for one that drains or is yet to serve',
  async (t) => {
    const place = folder(t)
    const gate = place.file('gate')
    const script = place.write(
      'hears.mjs',
      `import { existsSync } from 'node:fs'
     import { createRequire } from 'node:module'
     for (const signal of ['SIGUSR1', 'SIGUSR2']) process.on(signal, () => console.log(signal, process.pid))
     console.log('begun', process.pid)
     while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 5))
     createRequire(import.meta.url)(${JSON.stringify(fixture('keeper/server.cjs'))})`,
    )
    const { daemon, get, log } = await kept(place, { script })
    place.write('gate', '')
    await daemon.start()
    const [old] = await serving(daemon)
    const agent = keepAlive()
    t.teardown(() => agent.destroy())
    const answer = get('/later?ms=600000', agent).catch(() => {})
    await get()
    place.rename('gate', 'closed')
    const upgrading = daemon.upgrade()
    const next = await until(() => Number(Array.from(log().matchAll(/begun (\d+)\n/g))[1]?.[1]))
    t.not(next, old)
    await daemon.signal('SIGUSR2')
    await until(() => log().includes(`SIGUSR2 ${old}`))
    // What was sent before this has arrived.
    process.kill(next, 'SIGUSR1')
    await until(() => log().includes(`SIGUSR1 ${next}`))
    t.false(log().includes(`SIGUSR2 ${next}`))
    place.rename('closed', 'gate')
    await upgrading
    const before = log().length
    await daemon.signal('SIGUSR2')
    await until(() => log().includes(`SIGUSR2 ${next}`))
    process.kill(old, 'SIGUSR1')
    await until(() => log().includes(`SIGUSR1 ${old}`))
    t.false(log().slice(before).includes(`SIGUSR2 ${old}`))
    await daemon.stop()
    await answer
  },
)

test('what is no open descriptor is no passage, and no error', (t) => {
  t.is(native.Passage.of(1_000_000), null)
})
