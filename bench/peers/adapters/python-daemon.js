import { NODE, program, server } from './words.js'

/** Its runner, which could stop and restart, has gone with version 3. */
export default {
  name: 'python-daemon',
  from: { python: 'python-daemon' },
  env: (place) => ({ PYTHONPATH: place.folder }),
  commands: {
    start: (_place, app) => ['python3', program('pep3143.py'), app.pidFile, NODE, ...server(app)],
  },
}
