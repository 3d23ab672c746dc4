import { statSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'
import { fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { close, greetingOf } from '../helpers/on-demand.js'

needs('python3')(
  'a socket of systemd called daimon is served, and left to the next activation',
  async (t) => {
    const place = folder(t)
    const path = place.file('systemd.sock')
    const service = place.spawnCommand('python3', [
      fixture('supervisor/activates.py'),
      path,
      process.execPath,
      fixture('launcher/foreground-engine.mjs'),
      path,
    ])
    await until(() => service.output().stdout.includes('listening'), 'the socket')
    const { ino } = statSync(path)
    // It waits in the queue until the service is ready, though nobody holds the pidfile yet.
    const client = new Daemon({ pidFile: place.file('a.pid'), socket: path })
    const socket = await client.connect({ start: false })
    t.is(socket.daemon.pid, service.pid)
    t.is((await greetingOf(socket)).pid, service.pid)
    await close(socket)
    await client.stop()
    t.is((await service.done).code, 0, service.output().stderr)
    t.is(statSync(path).ino, ino, "it is systemd's")
  },
)
