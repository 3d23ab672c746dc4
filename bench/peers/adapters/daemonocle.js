import { NODE, program, server } from './words.js'

const command = (verb) => (_place, app) => [
  'python3',
  program('ocle.py'),
  verb,
  app.pidFile,
  NODE,
  ...server(app),
]

/** Its start command always takes a second, and then looks whether the daemon lives. */
export default {
  name: 'daemonocle',
  from: { python: 'daemonocle' },
  env: (place) => ({ PYTHONPATH: place.folder }),
  commands: Object.fromEntries(['start', 'stop', 'status', 'restart'].map((verb) => [verb, command(verb)])),
  stale: (_place, app) => app.pidFile,
}
