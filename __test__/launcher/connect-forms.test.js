import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder } from '../helpers/index.js'
import { close, greetingOf } from '../helpers/on-demand.js'

const client = (place) => new Daemon({ pidFile: place.file('engine.pid'), socket: true })

test.serial('daemonize() with a socket serves it, and lives by it alone', async (t) => {
  const place = folder(t)
  const { code, stderr } = await place.node([fixture('launcher/inline-engine.mjs')])
  t.is(code, 0, stderr)
  const socket = await client(place).connect()
  t.is((await greetingOf(socket)).pid, socket.daemon.pid)
  await close(socket)
  t.like(await client(place).status(), { state: 'running', pid: socket.daemon.pid })
  await client(place).stop()
  t.deepEqual(place.processes(), [])
})

test.serial('a Daemon with a body is started by the command that connects, with its arguments', async (t) => {
  const place = folder(t)
  const { code, stdout, stderr } = await place.node([fixture('launcher/inline-engine.mjs'), 'run'])
  t.is(code, 0, stderr)
  const { pid, args } = JSON.parse(stdout)
  t.deepEqual(args, [1, { two: 2 }])
  t.like(await client(place).status(), { state: 'running', pid })
  await client(place).stop()
  t.deepEqual(place.processes(), [])
})
