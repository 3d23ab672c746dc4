import { file, load, NODE, program, server } from './words.js'

/** By `daemonize()`, its low-level function: the server's process need not load diable, as it must by `Diable()`. */
export default {
  name: 'diable',
  from: { npm: '@zkochan/diable' },
  api: (place) => {
    const { daemonize } = load(place, '@zkochan/diable')
    return {
      start(app) {
        const [path, ...args] = server(app)
        // It writes its mark into the environment that it is given.
        daemonize(path, args, { env: { ...process.env } })
      },
    }
  },
  commands: {
    start: (place, app) => [NODE, program('diable.cjs'), file(place, '@zkochan/diable'), ...server(app)],
  },
}
