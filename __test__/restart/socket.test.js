import { lstatSync } from 'node:fs'
import test from 'ava'
import { folder, until } from '../helpers/index.js'
import { close, engine, greetingOf } from '../helpers/on-demand.js'

test.serial('a daemon that restarts itself has its socket again', async (t) => {
  const place = folder(t)
  const daemon = engine(place, { version: '7', socket: { mode: 0o660 } })
  const first = await daemon.connect()
  await greetingOf(first)
  first.write('restart')
  first.on('error', () => {})
  const { pid } = first.daemon
  await until(async () => {
    const status = await daemon.status()
    return status.state === 'running' && status.pid !== pid && status.starting !== true
  }, 'the next one')
  const next = await daemon.connect({ start: false })
  t.deepEqual(Object.keys(next.daemon), ['pid', 'version'])
  t.not(next.daemon.pid, pid)
  t.is(lstatSync(place.file('engine.sock')).mode & 0o777, 0o660)
  first.destroy()
  await close(next)
  await daemon.stop()
})
