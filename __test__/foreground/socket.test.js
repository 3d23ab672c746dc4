import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder, until } from '../helpers/index.js'
import { close, greetingOf } from '../helpers/on-demand.js'

test.serial('a daemon in the foreground serves its socket, and removes it', async (t) => {
  const place = folder(t)
  const service = place.spawn([fixture('launcher/foreground-engine.mjs')])
  await until(() => service.output().stdout.includes('ready'), 'the service')
  const client = new Daemon({ pidFile: place.file('a.pid'), socket: true })
  const socket = await client.connect()
  t.is(socket.daemon.pid, service.pid)
  t.is((await greetingOf(socket)).pid, service.pid)
  await close(socket)
  await client.stop()
  t.is((await service.done).code, 0)
  t.false(existsSync(place.file('a.sock')))
  t.false(existsSync(place.file('a.pid')))
})

test.serial('a failed start in the foreground leaves no socket', async (t) => {
  const place = folder(t)
  place.write('a.sock', 'precious')
  const { code, stderr } = await place.node([fixture('launcher/foreground-engine.mjs')])
  t.is(code, 1)
  t.regex(stderr, /is no socket/)
  t.is(place.read('a.sock'), 'precious')
  t.false(existsSync(place.file('a.pid')))
})
