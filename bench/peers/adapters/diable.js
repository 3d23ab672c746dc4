import { file, load, NODE, program, server } from './words.js'

/** Uses its low-level `daemonize()`. With `Diable()` the server's process would have to load diable, too. */
export default {
  name: 'diable',
  from: { npm: '@zkochan/diable' },
  api: (place) => {
    const { daemonize } = load(place, '@zkochan/diable')
    return {
      start(app) {
        const [path, ...args] = server(app)
        // A copy, since diable writes its mark into the environment.
        daemonize(path, args, { env: { ...process.env } })
      },
    }
  },
  commands: {
    start: (place, app) => [NODE, program('diable.cjs'), file(place, '@zkochan/diable'), ...server(app)],
  },
}
