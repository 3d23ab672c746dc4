import { file, load, NODE, PATIENCE, program, server, words } from './words.js'

/**
 * The interval of a stop's looks, `stopTimeout`; the default is 2 s. Each look sends SIGTERM again, so a shorter one
 * would be a storm of signals. An app that ignores SIGTERM needs `kill()`, which sends SIGKILL at the first look.
 */
const LOOK = 100

const command = (verb) => (place, app) => {
  const look = verb === 'stop' && app.mode !== 'stubborn' ? ['stop', LOOK] : ['kill', PATIENCE]
  const what = verb === 'stop' ? look : [verb, LOOK]
  return [
    NODE,
    program('daemonize2.cjs'),
    file(place, 'daemonize2'),
    ...what.map(String),
    app.pidFile,
    ...server(app),
  ]
}

export default {
  name: 'daemonize2',
  from: { npm: 'daemonize2' },
  api: (place) => {
    const { setup } = load(place, 'daemonize2')
    const daemons = new Map()
    const of = (app) => {
      if (!daemons.has(app.name)) {
        const stopTimeout = app.mode === 'stubborn' ? PATIENCE : LOOK
        const own = { main: app.script, argv: words(app), pidfile: app.pidFile }
        daemons.set(app.name, setup({ name: 'app', silent: true, stopTimeout, ...own }))
      }
      return daemons.get(app.name)
    }
    const done = (begin) => new Promise((resolve, reject) => begin((e) => (e ? reject(e) : resolve())))
    return {
      prepare: of,
      // Resolves 100 ms after the module was loaded. The server need not listen by then.
      start: (app) => done((callback) => of(app).start(callback)),
      stop: (app) =>
        done((callback) => (app.mode === 'stubborn' ? of(app).kill(callback) : of(app).stop(callback))),
      status: (app) => of(app).status(),
    }
  },
  commands: { start: command('start'), stop: command('stop'), status: command('status') },
  stale: (_place, app) => app.pidFile,
}
