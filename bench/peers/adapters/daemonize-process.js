import { NODE, program, server, url } from './words.js'

/**
 * With its option `script`: the server's process need not load it. It ends the process that calls it, so there is
 * nothing for a launcher that lives on.
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
