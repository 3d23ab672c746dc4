import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Daemon } from '../../../dist/index.js'
import { NODE, PATIENCE, server, words } from './words.js'

const bin = fileURLToPath(new URL('../../../dist/bin.js', import.meta.url))
const pidFile = (app) => ['--pid-file', app.pidFile]
/** The `Daemon` of each app, made once, as programs do. */
const daemons = new Map()

function of(app) {
  const { pidFile, script } = app
  if (!daemons.has(app.name))
    daemons.set(app.name, new Daemon({ pidFile, script, scriptArgs: words(app), stopTimeout: PATIENCE }))
  return daemons.get(app.name)
}

export default {
  name: 'daimon',
  from: {},
  env: (place) => ({ DAIMON_HOME: join(place.home, 'daimon') }),
  /** A start resolves when the server listens. */
  tellsReady: 'always',
  api: () => ({
    prepare: of,
    start: (app) => of(app).start(),
    stop: (app) => of(app).stop(),
    status: (app) => of(app).status(),
    restart: (app) => of(app).restart(),
  }),
  commands: {
    start: (_place, app) => [NODE, bin, 'start', ...pidFile(app), app.script, '--', ...words(app)],
    stop: (_place, app) => [NODE, bin, 'stop', ...pidFile(app), '--stop-timeout', String(PATIENCE)],
    status: (_place, app) => [NODE, bin, 'status', ...pidFile(app)],
    restart: (_place, app) => [NODE, bin, 'restart', ...pidFile(app), ...server(app).toSpliced(1, 0, '--')],
  },
  /** The path of the stale pidfile. */
  stale: (_place, app) => app.pidFile,
}
