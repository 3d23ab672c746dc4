import { NODE, program, server } from './words.js'

/** A start alone: version 3 has no runner any more, which stopped and restarted. */
export default {
  name: 'python-daemon',
  from: { python: 'python-daemon' },
  env: (place) => ({ PYTHONPATH: place.folder }),
  commands: {
    start: (_place, app) => ['python3', program('pep3143.py'), app.pidFile, NODE, ...server(app)],
  },
}
