import { NODE, program, server, url } from './words.js'

/**
 * Uses the option `script`, so that the server's process need not load it. No API for a launcher that lives on: it ends
 * the process that calls it.
 */
export default {
  name: 'daemonize-process',
  from: { npm: 'daemonize-process' },
  commands: {
    start: (place, app) => [
      NODE,
      program('daemonize-process.mjs'),
      url(place, 'daemonize-process/dist/index.js'),
      ...server(app),
    ],
  },
}
