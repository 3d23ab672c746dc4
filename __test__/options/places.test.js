// The default folders: DAIMON_HOME, and what stands for a passwd entry that is not there.
import { chmodSync, chownSync, mkdirSync, statSync } from 'node:fs'
import test from 'ava'
import { isComplete } from '../../build/options/places.js'
import { Daemon } from '../../dist/index.js'
import { at, BIN, idle, PLAIN, privately } from '../helpers/cli.js'
import { content, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** The command where the variable is set. */
const withHome = (place, home, ...args) =>
  place.node([BIN, ...args], { env: { ...PLAIN, DAIMON_HOME: home } })

const mode = (path) => statSync(path).mode & 0o7777

test.serial('DAIMON_HOME has pidfile and log, and is made for its owner alone', async (t) => {
  const place = folder(t)
  const home = place.file('made/home')
  const command = (...args) => withHome(place, home, ...args)
  const started = await command('start', '--name', 'web', idle(place))
  t.is(started.code, 0, started.stderr)
  t.is(mode(home), 0o700)
  t.is(mode(place.file('made')), process.geteuid() === 0 ? 0o755 : 0o700)
  const { pid } = await new Daemon({ pidFile: `${home}/web.pid` }).status()
  t.is(content(`${home}/web.pid`), `${pid}\n`)
  t.is(content(`${home}/web.log`), '')
  const rows = JSON.parse((await command('list', '--json')).stdout)
  t.like(rows[0], { name: 'web', state: 'running', pid, pidFile: `${home}/web.pid`, log: `${home}/web.log` })
  t.is((await command('completion', 'names')).stdout, 'web\n')
  t.is((await command('logs', 'web')).code, 0)
  t.is((await command('stop', '--all')).stderr, 'web has stopped\n')
  t.is((await command('status', 'web')).code, 3)
})

/** Looks itself up by its name, as daemons do that are a program of their own. */
const ITSELF = `import { Daemon, daemonize } from "DAIMON"
const context = await daemonize({ name: 'web', log: 'out', ...JSON.parse(process.argv[2]) })
const { state, pid } = await new Daemon({ name: 'web' }).status()
console.log(process.env.DAIMON_HOME, state, pid === process.pid, context.pidFile, 'SECRET' in process.env)
setInterval(() => {}, 1e6)`

for (const [what, options] of [
  ['as it is', {}],
  ['with cleanEnv', { cleanEnv: true }],
  ['in the foreground', { detach: false, cleanEnv: true }],
]) {
  test.serial(`the daemon has DAIMON_HOME, too, ${what}`, async (t) => {
    const place = folder(t)
    mkdirSync(place.file('home'), { mode: 0o700 })
    const env = { DAIMON_HOME: place.file('home'), SECRET: '1' }
    const program = place.spawn([place.write('a.mjs', ITSELF), JSON.stringify(options)], { env })
    const daemon = new Daemon({ pidFile: place.file('home/web.pid') })
    if (options.detach !== false) t.like(await program.done, { code: 0, stderr: '' })
    else await until(() => content(place.file('out'))?.endsWith('\n'), 'its words')
    const secret = String(options.cleanEnv !== true)
    t.is(place.read('out'), `${place.file('home')} running true ${place.file('home/web.pid')} ${secret}\n`)
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
  })
}

test.serial(
  'an empty or relative DAIMON_HOME is refused by whatever would use it, and by nothing else',
  async (t) => {
    const place = folder(t)
    for (const home of ['', 'rel', './x']) {
      for (const args of [
        ['status', 'web'],
        ['start', '--name', 'web', idle(place)],
        ['list'],
        ['stop', '--all'],
      ]) {
        const { code, stderr } = await withHome(place, home, ...args)
        t.is(code, 2, args.join(' '))
        t.is(
          stderr,
          `daimon: The variable DAIMON_HOME must be the absolute path of a folder, not '${home}'. ` +
            'Set the variable to one, or unset it.\n',
        )
      }
      t.is((await withHome(place, home, 'status', ...at(place))).code, 3)
    }
    const program = place.write(
      'a.mjs',
      `import { Daemon, InvalidOptionError } from "DAIMON"
     try { new Daemon({ name: 'web' }) } catch (error) {
       console.log(error instanceof InvalidOptionError, error.code, error.option, error.value)
     }`,
    )
    const { stdout } = await place.node([program], { env: { DAIMON_HOME: 'rel' } })
    t.is(stdout, 'true ERR_DAEMON_INVALID_OPTION DAIMON_HOME rel\n')
  },
)

test.serial('a DAIMON_HOME that is no folder is told as what it is, with what helps', async (t) => {
  const place = folder(t)
  const home = place.write('file', '')
  for (const verb of [['list'], ['stop', '--all']]) {
    const { code, stderr } = await withHome(place, home, ...verb)
    t.is(code, 1, verb.join(' '))
    t.regex(stderr, /cannot be listed: ENOTDIR.+\. Set DAIMON_HOME to another one\./)
  }
  for (const path of [home, `${home}/below`]) {
    const { code, stderr } = await withHome(place, path, 'run', '--name', 'web', idle(place))
    t.is(code, 1)
    t.regex(stderr, /is no folder|ENOTDIR/)
    t.notRegex(stderr, /does not exist|create it/)
  }
})

test.serial('units carry DAIMON_HOME, and rules for logrotate its paths', async (t) => {
  const place = folder(t)
  const home = place.file('a home')
  const unit = async (...args) => (await withHome(place, home, 'unit', ...args)).stdout
  const service = await unit('systemd', '--name', 'web', idle(place))
  t.true(service.includes(`\nEnvironment="DAIMON_HOME=${home}"\n`), service)
  t.regex(
    await unit('launchd', '--name', 'web', idle(place)),
    new RegExp(`<key>DAIMON_HOME</key>\\s+<string>${home}<`),
  )
  const rules = await unit('logrotate', '--name', 'web')
  t.true(rules.includes(`"${home}/web.log" {`), rules)
  t.true(rules.includes(`--pid-file '${home}/web.pid'`), rules)
})

needs('root')("root's DAIMON_HOME must be root's alone", async (t) => {
  const place = folder(t)
  const home = place.file('home')
  const program = place.write(
    'a.mjs',
    `import { Daemon } from "DAIMON"
     const error = await new Daemon({ name: 'web', script: process.argv[2] }).start().catch((error) => error)
     console.log(error.code, error.reason)`,
  )
  const start = async () => (await place.node([program, idle(place)], { env: { DAIMON_HOME: home } })).stdout
  mkdirSync(home)
  chownSync(home, 65534, 65534)
  t.is(await start(), 'ERR_DAEMON_PIDFILE unsafe-directory\n')
  t.regex(
    (await withHome(place, home, 'start', '--name', 'web', idle(place))).stderr,
    /belongs to user 65534/,
  )
  chownSync(home, 0, 0)
  chmodSync(home, 0o777)
  t.is(await start(), 'ERR_DAEMON_PIDFILE unsafe-directory\n')
  // A look changes nothing, and is nobody's secret.
  t.is((await withHome(place, home, 'status', 'web')).code, 3)
})

const NOBODY_AT_ALL = ['--reuid', '54321', '--regid', '54321', '--clear-groups']

needs('root', 'setpriv')(
  'without a passwd entry HOME has the default folder, where it is theirs',
  async (t) => {
    const place = folder(t)
    chmodSync(place.path, 0o755)
    mkdirSync(place.file('home'))
    chownSync(place.file('home'), 54321, 54321)
    const script = idle(place)
    const command = (HOME, ...args) => {
      const env = { ...PLAIN, DAIMON_HOME: undefined, HOME }
      return place.command('setpriv', [...NOBODY_AT_ALL, process.execPath, BIN, ...args], { env, cwd: '/' })
    }
    const started = await command(place.file('home'), 'start', '--name', 'web', script)
    t.is(started.code, 0, started.stderr)
    t.truthy(content(place.file('home/.local/state/daimon/web.pid')))
    t.is(mode(place.file('home/.local')), 0o700)
    t.regex((await command(place.file('home'), 'list')).stdout, /^web +running/m)
    t.is((await command(place.file('home'), 'stop', 'web')).code, 0)
    for (const home of [undefined, '', 'home', '/', place.file('none'), script]) {
      for (const args of [
        ['status', 'web'],
        ['start', '--name', 'web', script],
        ['logs', 'web'],
      ]) {
        const { code, stderr } = await command(home, ...args)
        t.is(code, 2, `${home} ${args}: ${stderr}`)
        t.regex(
          stderr,
          /^daimon: --pid-file is missing, .* no passwd entry .*\. Give --pid-file, or set DAIMON_HOME /,
        )
      }
      const list = await command(home, 'list')
      t.is(list.code, 2)
      t.regex(list.stderr, /^daimon: There is no default folder: .*\. Give --folder DIR, or set DAIMON_HOME /)
      t.is((await command(home, 'list', '--folder', place.path)).code, 0)
      const all = await command(home, 'stop', '--all')
      t.is(all.code, 2)
      t.regex(all.stderr, /^daimon: There is no default folder: .*\. Set DAIMON_HOME /)
      t.notRegex(all.stderr, /--folder|--pid-file/)
    }
  },
)

needs('root', 'mount namespaces')('on a read-only root both folders are told at once', async (t) => {
  const place = folder(t)
  const script = idle(place)
  const { stdout, stderr } = await privately(
    place,
    `unset DAIMON_HOME; mount -o remount,ro /run && mount -o remount,ro /var/log || exit 98
    daimon start --name web ${script}; echo $?
    daimon start --name web --log /var/log/web.log ${script}; echo $?
    DAIMON_HOME=${place.file('home')} daimon start --name web ${script}; echo $?
    DAIMON_HOME=${place.file('home')} daimon stop web; echo $?`,
  )
  t.is(stdout, '1\n2\n0\n0\n')
  const [both, given] = stderr.split('\n')
  for (const words of ['/var/log/daimon', '/run/daimon', '--log', '--pid-file', 'DAIMON_HOME', 'read-only']) {
    t.true(both.includes(words), both)
  }
  for (const words of ['/var/log', '/run/daimon/web.pid', '--log', '--pid-file', 'read-only']) {
    t.true(given.includes(words), given)
  }
})

test('on Windows a path of the current drive is none that is the same from everywhere', (t) => {
  for (const path of ['C:\\x', 'c:/x', '\\\\server\\share\\x', '//server/share'])
    t.true(isComplete(path, true), path)
  for (const path of ['\\x', '/x', 'x', 'C:x', '.\\x', '']) t.false(isComplete(path, true), path)
  t.deepEqual([isComplete('/x', false), isComplete('C:\\x', false)], [true, false])
})
