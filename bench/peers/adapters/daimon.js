import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Daemon } from '../../../dist/index.js'
import { NODE, PATIENCE, server, words } from './words.js'

const bin = fileURLToPath(new URL('../../../dist/bin.js', import.meta.url))
const pidFile = (app) => ['--pid-file', app.pidFile]
const of = (app) =>
  new Daemon({ pidFile: app.pidFile, script: app.script, scriptArgs: words(app), stopTimeout: PATIENCE })

export default {
  name: 'daimon',
  from: {},
  env: (place) => ({ DAIMON_HOME: join(place.home, 'daimon') }),
  /** A start resolves when the server listens. */
  tellsReady: 'always',
  api: () => ({
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
  /** Where a stranger's PID is put. */
  stale: (_place, app) => app.pidFile,
}
