import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { file, load, NODE, PATIENCE, words } from './words.js'

const bin = (place) => join(file(place, 'pm2/package.json'), '../bin/pm2')
const home = (place) => join(place.home, 'pm2')
function god(place) {
  try {
    return Number(readFileSync(join(home(place), 'pm2.pid'), 'utf8'))
  } catch {
    return undefined
  }
}

const command =
  (...all) =>
  (place, app) => [
    NODE,
    bin(place),
    ...all.flatMap((part) => (typeof part === 'function' ? part(app) : part)),
  ]
const name = (app) => app.name

/**
 * The warm-up makes its god, which runs on every machine that uses pm2. `--silent` leaves out the table that every
 * command prints. The stop is `delete`, because `stop` leaves an entry that a later start of that name meets.
 */
export default {
  name: 'pm2',
  from: { npm: 'pm2' },
  env: (place) => ({ PM2_HOME: home(place), HOME: place.home, PM2_DISCRETE_MODE: 'true' }),
  /** A start with `wait_ready` waits for the app's message. */
  tellsReady: 'asked',
  api: (place) => {
    const pm2 = load(place, 'pm2')
    const call = (verb) => promisify(pm2[verb].bind(pm2))
    const connected = call('connect')()
    const after = (work) => async (app) => {
      await connected
      await work(app)
    }
    return {
      start: after((app) =>
        call('start')({
          name: app.name,
          script: app.script,
          args: words(app),
          exec_mode: 'fork',
          kill_timeout: PATIENCE,
          wait_ready: app.waits === true,
        }),
      ),
      stop: after((app) => call('delete')(app.name)),
      status: after((app) => call('describe')(app.name)),
      restart: after((app) => call('restart')(app.name)),
    }
  },
  commands: {
    start: command(
      'start',
      (app) => app.script,
      '--name',
      name,
      '--silent',
      '--kill-timeout',
      `${PATIENCE}`,
      '--',
      words,
    ),
    stop: command('delete', name, '--silent'),
    // `pid` is its cheapest question.
    status: command('pid', name),
    restart: command('restart', name, '--silent'),
  },
  stale: (place, app) => join(home(place), 'pids', `${app.name}-0.pid`),
  resident: (place) => god(place),
  /** Ends the god and its apps. */
  end(place, env) {
    spawnSync(NODE, [bin(place), 'kill', '--silent'], { env, stdio: 'ignore', timeout: 20_000 })
  },
}
