import { once } from 'node:events'
import { join } from 'node:path'
import { file, load, NODE, server, words } from './words.js'

const bin = (place) => join(file(place, 'forever/package.json'), '../bin/forever')
const root = (place) => join(place.home, 'forever')
/** Its defaults, given because it warns if they are missing. */
const times = { minUptime: 1000, spinSleepTime: 1000 }
const command =
  (...all) =>
  (place, app) => [
    NODE,
    bin(place),
    ...all.flatMap((part) => (typeof part === 'function' ? part(app) : part)),
  ]

/** Stops by SIGKILL at once, which is its default and its fastest way. */
export default {
  name: 'forever',
  from: { npm: 'forever' },
  env: (place) => ({ FOREVER_ROOT: root(place), HOME: place.home }),
  api: (place) => {
    const forever = load(place, 'forever')
    const ended = async (emitter, event) => {
      await Promise.race([
        once(emitter, event),
        once(emitter, 'error').then(([error]) => Promise.reject(error)),
      ])
    }
    return {
      start(app) {
        const log = join(root(place), `${app.name}.log`)
        const pid = { pidFile: app.pidFile, logFile: log, append: true }
        forever.startDaemon(app.script, { uid: app.name, args: words(app), silent: true, ...times, ...pid })
      },
      stop: (app) => ended(forever.stop(app.name), 'stop'),
      status: () =>
        new Promise((resolve, reject) => forever.list(false, (e, all) => (e ? reject(e) : resolve(all)))),
      restart: (app) => ended(forever.restart(app.name), 'restart'),
    }
  },
  commands: {
    start: command(['start', '--append', '--minUptime', '1000', '--spinSleepTime', '1000'], (app) => [
      '--pidFile',
      app.pidFile,
      '--uid',
      app.name,
      ...server(app),
    ]),
    stop: command('stop', (app) => app.name),
    status: command('list'),
    restart: command('restart', (app) => app.name),
  },
  stale: (_place, app) => app.pidFile,
}
