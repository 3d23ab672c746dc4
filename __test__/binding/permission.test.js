// Under Node's permission model: a start takes no more than it needs, and what is denied is told with what grants it.
import { mkdirSync, symlinkSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, BIN, idle, logged, PLAIN } from '../helpers/cli.js'
import { content, fixture, folder, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const [major] = process.versions.node.split('.').map(Number)
const MODEL = ['--no-warnings', major < 22 ? '--experimental-permission' : '--permission']
const OURS = [`${ROOT}dist/*`, `${ROOT}native/*`, `${ROOT}package.json`, `${ROOT}__test__/*`]

const reads = (...paths) => paths.map((path) => `--allow-fs-read=${path}`)

/** Node.js that may load addons, and read the package, the test's folder `app` and nothing else. */
function restricted(place, ...flags) {
  mkdirSync(place.file('app'), { recursive: true })
  return [...MODEL, '--allow-addons', ...reads(...OURS, `${place.file('app')}/*`), ...flags]
}

/** The command under these. */
const daimon = (place, flags, ...args) =>
  place.node([...restricted(place, ...flags), BIN, ...args], { cwd: place.file('app'), env: PLAIN })

const GRANT = (flag, path) => `give node --allow-fs-${flag}=${path}`

test.serial(
  'a program becomes a daemon without read access to Node.js, reloads and stops there',
  async (t) => {
    const place = folder(t)
    const flags = restricted(place)
    symlinkSync('app', place.file('link'))
    const options = JSON.stringify({ pidFile: place.file('app/a.pid'), log: place.file('app/a.log') })
    const { code, stdout } = await place.node([...flags, fixture('binding/permitted.js'), options], {
      cwd: place.file('app'),
    })
    t.is(code, 0, stdout)
    const daemon = new Daemon({ pidFile: place.file('app/a.pid') })
    place.rename('app/a.log', 'app/a.log.1')
    await daemon.reload()
    t.is(await until(() => content(place.file('app/a.log')), 'the new log'), 'reloaded running true\n')
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    t.is(content(place.file('app/a.pid')), undefined)
    t.is(place.read('app/a.log'), 'reloaded running true\nstopped\n')
  },
)

test.serial('so it does where it may not look at its own folder, nor into that of its pidfile', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('dark'))
  const flags = restricted(place)
  const options = JSON.stringify({ pidFile: place.file('dark/a.pid'), log: place.file('dark/a.log') })
  const { code, stdout } = await place.node([...flags, fixture('binding/permitted.js'), options], {
    cwd: place.file('dark'),
  })
  t.is(code, 0, stdout)
  t.like(await new Daemon({ pidFile: place.file('dark/a.pid') }).stop(), { wasRunning: true, forced: false })
})

test.serial(
  'a default folder that is there is used, and one that would have to be made is told',
  async (t) => {
    const place = folder(t)
    const flags = restricted(place)
    const env = (name) => ({ DAIMON_HOME: place.file(name) })
    const start = (name) =>
      place.node([...flags, fixture('binding/permitted.js'), '{"name":"web"}'], {
        cwd: place.file('app'),
        env: env(name),
      })
    const { code, stdout } = await start('none')
    t.is(code, 1)
    const error = JSON.parse(stdout)
    t.like(error, { isOurs: true, code: 'ERR_DAEMON_PIDFILE', reason: 'missing-directory' })
    t.true(error.message.includes(GRANT('write', place.file('none'))), error.message)
    mkdirSync(place.file('there'), { mode: 0o700 })
    t.is((await start('there')).code, 0)
    t.like(await new Daemon({ pidFile: place.file('there/web.pid') }).stop(), { wasRunning: true })
    t.is(
      (
        await place.node(
          [...flags, `--allow-fs-write=${place.path}`, fixture('binding/permitted.js'), '{"name":"web"}'],
          { cwd: place.file('app'), env: env('none') },
        )
      ).code,
      0,
    )
    t.like(await new Daemon({ pidFile: place.file('none/web.pid') }).stop(), { wasRunning: true })
  },
)

test.serial('the command starts, restarts, shows and stops a script there', async (t) => {
  const place = folder(t)
  restricted(place)
  const script = idle(place, 'app/idle.mjs')
  const start = [...at(place), '--log', place.file('a.log'), script]
  for (const [verb, ...args] of [
    ['start', ...start],
    ['restart', ...start],
    ['status', ...at(place)],
    ['reload', ...at(place)],
    ['stop', ...at(place)],
    ['stop', ...at(place)],
  ]) {
    const { code, stderr } = await daimon(place, [], verb, ...args)
    t.is(code, 0, `${verb}: ${stderr}`)
  }
})

const DENIED = [
  ['list of the default folder', ['list'], 'home', 'read'],
  ['list of a folder', ['list', '--folder', 'HOME'], 'home', 'read'],
  ['stop of all', ['stop', '--all'], 'home', 'read'],
  ['logs', ['logs', '--pid-file', 'HOME/a.pid', '--log', 'HOME/a.log'], 'home/a.log', 'read'],
  ['start with a default log', ['start', '--name', 'web', 'SCRIPT'], 'home', 'write'],
  [
    'start in another folder',
    ['start', '--pid-file', 'APP/a.pid', '--log', 'APP/a.log', '--cwd', 'HOME', 'SCRIPT'],
    'home',
    'read',
  ],
  ['run in another folder', ['run', '--pid-file', 'APP/a.pid', '--cwd', 'HOME', 'SCRIPT'], 'home', 'read'],
  [
    'start of a name without ending',
    ['start', '--pid-file', 'APP/a.pid', '--log', 'APP/a.log', 'HOME/server'],
    'home/server',
    'read',
  ],
]

for (const [what, words, path, access] of DENIED) {
  test.serial(`${what} that Node.js denies is told as that`, async (t) => {
    const place = folder(t)
    restricted(place)
    mkdirSync(place.file('home'), { mode: 0o700 })
    place.write('home/a.log', 'a line\n')
    place.write('home/server.js', '')
    const script = idle(place, 'app/idle.mjs')
    const args = words.map((word) =>
      word.replace('HOME', place.file('home')).replace('APP', place.file('app')).replace('SCRIPT', script),
    )
    const env = { ...PLAIN, DAIMON_HOME: place.file('home') }
    const { code, stdout, stderr } = await place.node([...restricted(place), BIN, ...args], {
      cwd: place.file('app'),
      env,
    })
    t.not(code, 0)
    t.is(stdout, '')
    t.true(stderr.includes(GRANT(access, place.file(path))), stderr)
    t.notRegex(stderr, /Access to this API|ENOENT|Error: Error/)
    t.is(stderr.split('\n').length, 2, stderr)
  })
}

test.serial('what is only looked at is no reason to refuse: unit, and a log that is there', async (t) => {
  const place = folder(t)
  restricted(place)
  const unit = await daimon(place, [], 'unit', 'systemd', '--name', 'web', '/somewhere/server.js')
  t.is(unit.code, 0, unit.stderr)
  t.regex(unit.stdout, / \/somewhere\/server\.js$/m)
  mkdirSync(place.file('logs'))
  const script = idle(place, 'app/idle.mjs')
  const size = ['--log-max-size', '1000']
  const started = await daimon(
    place,
    [],
    'start',
    ...at(place),
    '--log',
    place.file('logs/a.log'),
    ...size,
    script,
  )
  t.is(started.code, 0, started.stderr)
  await new Daemon({ pidFile: place.file('a.pid') }).stop()
  // The core says what is wrong with it, since Node.js may not look.
  const gone = await daimon(place, [], 'start', ...at(place), '--log', place.file('none/a.log'), script)
  t.is(gone.code, 2)
  t.regex(
    gone.stderr,
    /^daimon: --log: \S+\/none\/a\.log does not exist, or its folder does not; create it first/,
  )
})

needs('permissions in NODE_OPTIONS')(
  'a daemon that Node.js restricts by NODE_OPTIONS starts, too',
  async (t) => {
    const place = folder(t)
    const flags = restricted(place).filter((flag) => flag !== '--no-warnings')
    const env = { ...PLAIN, NODE_OPTIONS: flags.join(' ') }
    const done = await place.node([BIN, 'start', ...logged(place), idle(place, 'app/idle.mjs')], {
      cwd: place.file('app'),
      env,
    })
    t.is(done.code, 0, done.stderr)
    t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true })
  },
)
