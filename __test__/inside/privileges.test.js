// Whose rights a daemon has. Most of it needs root, and says so where it is skipped.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { get } from 'node:http'
import { basename } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, fixture, folder, freePort, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const RIGHTS = fixture('inside/rights.cjs')
const OPTION = { code: 'ERR_DAEMON_INVALID_OPTION' }

/** The system's own word for ids: of the user `nobody`, whom every Linux has. */
function nobody() {
  const [, , uid, gid, , home, shell] = readFileSync('/etc/passwd', 'utf8')
    .match(/^nobody:.*$/m)[0]
    .split(':')
  const groups = spawnSync('id', ['-G', 'nobody'], { encoding: 'utf8' }).stdout.trim().split(' ')
  return { uid, gid, groups: groups.sort(), home, shell }
}

/** A folder into which anybody may write, as its way there allows. */
function open(t) {
  const place = folder(t)
  chmodSync(place.path, 0o1777)
  return place
}

/** A copy of a fixture, which a user without rights may read. */
function copied(place, name) {
  const path = place.file(basename(name))
  copyFileSync(fixture(name), path)
  chmodSync(path, 0o644)
  return path
}

/** Starts the script that looks at its rights; gives what it has seen. */
async function seen(place, options) {
  const scriptArgs = [place.file('seen')]
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, scriptArgs, ...options })
  const { pid } = await daemon.start()
  return { daemon, pid, ...JSON.parse(place.read('seen')) }
}

const root = needs('root', 'processor of its own')

for (const [title, user] of [
  ['by name', 'nobody'],
  ['by id', () => Number(nobody().uid)],
  ['by an id as text', () => nobody().uid],
]) {
  root(`the user's ids and groups are those of every thread, and root is gone: ${title}`, async (t) => {
    const place = open(t)
    const { uid, gid, groups, home, shell } = nobody()
    const found = await seen(place, { user: typeof user === 'function' ? user() : user })
    const { Uid, Gid, Groups, CapEff } = found.threads
    t.deepEqual(Uid, [[uid, uid, uid, uid]])
    t.deepEqual(Gid, [[gid, gid, gid, gid]])
    t.is(Groups.length, 1)
    t.deepEqual([...Groups[0]].sort(), groups)
    t.deepEqual(CapEff, [['0000000000000000']])
    t.is(found.regain, 'EPERM')
    t.like(found.env, { HOME: home, USER: 'nobody', LOGNAME: 'nobody', SHELL: shell })
    t.deepEqual(found.threads.NoNewPrivs, [['1']])
  })
}

root('env goes before what the user brings along', async (t) => {
  const found = await seen(open(t), { user: 'nobody', env: { HOME: '/elsewhere' } })
  t.like(found.env, { HOME: '/elsewhere', USER: 'nobody' })
})

root('a group replaces the one of the user; alone it leaves the user', async (t) => {
  const place = open(t)
  const both = await seen(place, { user: 'nobody', group: 'daemon' })
  const gid = readFileSync('/etc/group', 'utf8').match(/^daemon:[^:]*:(\d+)/m)[1]
  t.deepEqual(both.threads.Gid, [[gid, gid, gid, gid]])
  t.true(both.threads.Groups[0].includes(gid))
  await both.daemon.stop()
  const alone = await seen(place, { group: Number(gid) })
  t.deepEqual(alone.threads.Uid, [['0', '0', '0', '0']])
  t.deepEqual(alone.threads.Gid, [[gid, gid, gid, gid]])
  t.deepEqual(alone.threads.Groups, [[gid]])
})

root('an id that nobody has needs a group', async (t) => {
  const place = open(t)
  const options = {
    pidFile: place.file('a.pid'),
    script: RIGHTS,
    scriptArgs: [place.file('seen')],
    user: 54_321,
  }
  t.like(await t.throwsAsync(new Daemon(options).start(), OPTION), { option: 'user', value: 54_321 })
  const { threads } = await seen(place, { user: 54_321, group: 54_322 })
  t.deepEqual(threads.Uid, [Array(4).fill('54321')])
  t.deepEqual(threads.Groups, [['54322']])
})

root('noNewPrivileges can be taken back, and asked for without a user', async (t) => {
  const place = open(t)
  const without = await seen(place, { user: 'nobody', noNewPrivileges: false })
  t.deepEqual(without.threads.NoNewPrivs, [['0']])
  await without.daemon.stop()
  const alone = await seen(place, { noNewPrivileges: true })
  t.deepEqual(alone.threads.NoNewPrivs, [['1']])
  await alone.daemon.stop()
  const neither = await seen(place, {})
  t.deepEqual(neither.threads.NoNewPrivs, [['0']])
})

root('pidfile and log, made before, go on working: status, log, stop; and nothing is left', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const script = place.write('a.mjs', "console.log('first'); setInterval(() => console.log('again'), 20)")
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    script,
    user: 'nobody',
    log: place.file('a.log'),
  })
  const { pid } = await daemon.start()
  t.like(await daemon.status(), { state: 'running', pid })
  await until(() => place.read('a.log').includes('again'), 'the log')
  t.like(await daemon.stop(), { wasRunning: true, forced: false, stale: false })
  t.false(alive(pid))
  t.false(existsSync(place.file('a.pid')))
})

/** A folder of nobody's, with a link in it, of nobody's too, to a folder of that owner's. */
function linked(t, owner) {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const ids = [Number(nobody().uid), Number(nobody().gid)]
  for (const name of ['users', 'target']) mkdirSync(place.file(name))
  symlinkSync(place.file('target'), place.file('users/logs'))
  chownSync(place.file('users'), ...ids)
  lchownSync(place.file('users/logs'), ...ids)
  if (owner === 'nobody') chownSync(place.file('target'), ...ids)
  const script = place.write('a.mjs', "console.log('a line'); setInterval(() => {}, 1e6)")
  const log = place.file('users/logs/a.log')
  const start = (options) => new Daemon({ pidFile: place.file('a.pid'), script, log, ...options }).start()
  return { place, ids, start }
}

root('root makes and writes no log where a user’s link leads to what is not that user’s', async (t) => {
  for (const options of [{ user: 'nobody' }, {}]) {
    const { place, start } = linked(t, 'root')
    const refusal = { ...OPTION, message: /users\/logs\/a\.log is reached by somebody's symbolic link/ }
    await t.throwsAsync(start(options), refusal)
    t.deepEqual(readdirSync(place.file('target')), [])
    place.write('target/a.log', 'root’s own\n')
    await t.throwsAsync(start(options), refusal)
    t.is(place.read('target/a.log'), 'root’s own\n')
    t.deepEqual(place.processes(), [])
  }
})

root('a user’s link to a folder of the same user is followed, to no file of another one', async (t) => {
  const { place, ids, start } = linked(t, 'nobody')
  await start({ user: 'nobody' })
  await until(() => place.read('target/a.log') === 'a line\n', 'the line')
  t.is(statSync(place.file('target/a.log')).uid, ids[0])
  await new Daemon({ pidFile: place.file('a.pid') }).stop()
  chownSync(place.file('target/a.log'), 0, 0)
  await t.throwsAsync(start({ user: 'nobody' }), OPTION)
  t.is(place.read('target/a.log'), 'a line\n')
})

root('root’s own links are followed anywhere, and none is for ever', async (t) => {
  const { place, start } = linked(t, 'root')
  symlinkSync('target/../target/.', place.file('mine'))
  await start({ log: place.file('mine/a.log'), user: 'nobody' })
  await until(() => place.read('target/a.log') === 'a line\n', 'the line')
  await new Daemon({ pidFile: place.file('a.pid') }).stop()
  symlinkSync('round', place.file('round'))
  await t.throwsAsync(start({ log: place.file('round/a.log') }), OPTION)
})

root('root rotates no log where a user could have its path lead elsewhere', async (t) => {
  const { place, start } = linked(t, 'nobody')
  const refusal = { ...OPTION, message: /maxSize.* is not possible: .* others than root can change/ }
  for (const file of ['users/logs/a.log', 'users/a.log']) {
    await t.throwsAsync(start({ log: { file: place.file(file), maxSize: 1_000 } }), refusal)
  }
  await start({ log: { file: place.file('a.log'), maxSize: 1_000 } })
})

root('no pidfile of root’s is where a user could have its path lead elsewhere', async (t) => {
  const { place, start } = linked(t, 'root')
  mkdirSync(place.file('users/run'))
  const isUnsafe = async (promise) => {
    t.is((await t.throwsAsync(promise, { code: 'ERR_DAEMON_PIDFILE' })).reason, 'unsafe-directory')
  }
  for (const folder of ['users/run', 'users/logs']) {
    await isUnsafe(start({ log: place.file('a.log'), pidFile: place.file(`${folder}/a.pid`) }))
  }
  // Whom that user's link makes of root's own daemon is not stopped.
  const { pid } = await start({ log: place.file('a.log'), pidFile: place.file('target/a.pid') })
  const astray = new Daemon({ pidFile: place.file('users/logs/a.pid') })
  await isUnsafe(astray.stop())
  t.true(alive(pid))
})

root('a start takes no file over to which a daemon without rights can still write', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const options = { pidFile: place.file('a.pid'), script: place.write('a.mjs', 'setInterval(() => {}, 1e6)') }
  const { pid } = await new Daemon({ ...options, user: 'nobody' }).start()
  const { ino } = statSync(place.file('a.pid'))
  kill(pid)
  await until(() => !alive(pid), 'its end')
  // Kept open, so that the number is not given again.
  const held = openSync(place.file('a.pid'))
  t.teardown(() => closeSync(held))
  await new Daemon(options).start()
  t.not(statSync(place.file('a.pid')).ino, ino)
  t.is(statSync(place.file('a.pid')).mode & 0o7777, 0o600)
})

root('a main module that the user cannot read is ready all the same', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const program = place.write(
    'private/a.mjs',
    `import { daemonize } from "DAIMON"
     await daemonize({ pidFile: 'a.pid', user: 'nobody', cwd: '/' })
     setInterval(() => {}, 1e6)`,
  )
  chmodSync(place.file('private'), 0o700)
  t.like(await place.node([program]), { code: 0, stderr: '' })
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
})

needs(
  'root',
  'python3',
  'processor of its own',
)('a dropped daemon cannot pass its lock on to a stranger for root to kill', async (t) => {
  const place = open(t)
  const heir = place.spawnCommand('python3', [fixture('inside/heir.py'), place.file('socket')])
  await until(() => heir.output().stdout.startsWith('listening'), 'the heir')
  const send = readFileSync(fixture('inside/gives-lock.py'), 'utf8')
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    script: copied(place, 'inside/gives-lock.mjs'),
    scriptArgs: [place.file('socket'), send],
    user: 'nobody',
    log: place.file('a.log'),
  })
  const { pid } = await daemon.start()
  await until(() => heir.output().stdout.endsWith('taken\n'), 'the lock')
  // As long as the daemon lives the kernel names it, whatever the file says.
  t.like(await daemon.status(), { state: 'running', pid })
  process.kill(pid, 'SIGKILL')
  await until(() => !alive(pid), 'the end of the daemon')
  t.is((await daemon.status()).state, 'unverified')
  await t.throwsAsync(daemon.stop(), { code: 'ERR_DAEMON_UNVERIFIED' })
  t.true(alive(heir.pid))
})

root('dropPrivileges: a port bound before serves after it', async (t) => {
  const place = open(t)
  const port = await freePort()
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    script: fixture('inside/drops.mjs'),
    env: { PORT: String(port) },
    run() {},
    ready: 'manual',
    cwd: place.path,
    log: place.file('a.log'),
  })
  await daemon.start()
  const { uid, home } = nobody()
  const answer = await new Promise((resolve, reject) => {
    get({ port, agent: false }, (response) => response.once('data', (data) => resolve(String(data)))).on(
      'error',
      reject,
    )
  })
  t.is(answer, uid)
  const { threads, regain, env } = JSON.parse(place.read('seen'))
  t.deepEqual(threads.Uid, [Array(4).fill(uid)])
  t.is(regain, 'EPERM')
  t.like(env, { HOME: home, USER: 'nobody' })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

root('dropPrivileges refuses what it cannot do, and changes nothing then', async (t) => {
  const place = open(t)
  const script = fixture('inside/tries-to-drop.mjs')
  await new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path }).start()
  const wrong = (option) => ['ERR_DAEMON_INVALID_OPTION', option]
  t.deepEqual(JSON.parse(place.read('seen')), [
    wrong('user'),
    wrong('group'),
    wrong('user'),
    wrong('user'),
    0,
    'done',
    wrong('user'),
    'done',
    Number(nobody().uid),
  ])
})

root(
  'chroot: its folder is the root, cwd is inside, no folder outside stays open; and it stops',
  async (t) => {
    const place = open(t)
    mkdirSync(place.file('jail/inside'), { recursive: true })
    chownSync(place.file('jail/inside'), Number(nobody().uid), Number(nobody().gid))
    const daemon = new Daemon({
      pidFile: place.file('a.pid'),
      script: fixture('inside/jailed.mjs'),
      env: { OUTSIDE: place.write('outside', '') },
      run() {},
      chroot: place.file('jail'),
      cwd: '/inside',
      user: 'nobody',
    })
    const { pid } = await daemon.start()
    t.deepEqual(JSON.parse(place.read('jail/inside/seen')), {
      cwd: '/inside',
      root: ['inside'],
      outside: false,
      uid: Number(nobody().uid),
    })
    const links = spawnSync('sh', ['-c', `readlink /proc/${pid}/root; ls -l /proc/${pid}/fd`], {
      encoding: 'utf8',
    }).stdout
    t.is(links.split('\n')[0], place.file('jail'))
    for (const target of links.matchAll(/\d+ -> (\/\S*)/g))
      t.false(existsSync(target[1]) && statSync(target[1]).isDirectory())
    // The null device is not in there: stderr had to be led to it all the same.
    t.regex(links, /2 -> \/dev\/null/)
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    t.false(existsSync(place.file('a.pid')))
  },
)

root('a chroot without cwd begins in its root; a cwd that is not inside is refused', async (t) => {
  const place = open(t)
  mkdirSync(place.file('jail'))
  chmodSync(place.file('jail'), 0o777)
  const script = place.write(
    'a.mjs',
    `import { writeFileSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     new Daemon({ pidFile: Daemon.current?.pidFile ?? 'x.pid', run() {
       writeFileSync('here', process.cwd())
       setInterval(() => {}, 1e6)
     } }).status()`,
  )
  const options = { pidFile: place.file('a.pid'), script, run() {}, chroot: place.file('jail') }
  await new Daemon(options).start()
  t.is(place.read('jail/here'), '/')
  const wrong = new Daemon({ ...options, pidFile: place.file('b.pid'), cwd: '/usr' })
  t.like(await t.throwsAsync(wrong.start(), OPTION), { option: 'cwd', value: '/usr' })
})

test.serial('a chroot is not for plain scripts', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, chroot: place.path })
  t.like(await t.throwsAsync(daemon.start(), OPTION), { option: 'chroot', value: place.path })
})

for (const [title, options, option] of [
  ['user', { user: 'no such user' }, 'user'],
  ['group', { group: 'no such group' }, 'group'],
]) {
  test.serial(`an unknown ${title} is refused before anything happens`, async (t) => {
    const place = folder(t)
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, ...options })
    t.like(await t.throwsAsync(daemon.start(), OPTION), { option, value: options[option] })
    t.false(existsSync(place.file('a.pid')))
    t.deepEqual(place.processes(), [])
  })
}

/** Runs a start as an ordinary user; gives what it came to. */
async function asNobody(t, options) {
  const place = open(t)
  const program = place.write(
    'start.mjs',
    `import { Daemon } from "DAIMON"
     const options = ${JSON.stringify(options)}
     const body = options.chroot && { run() {} }
     const daemon = new Daemon({ pidFile: 'a.pid', script: 'idle.mjs', ...options, ...body })
     await daemon.start().then(
       ({ state }) => console.log(state),
       ({ code, option, value }) => console.log(code, option, JSON.stringify(value)),
     )`,
  )
  place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const args = ['--reuid', 'nobody', '--regid', nobody().gid, '--clear-groups', process.execPath, program]
  const { stdout, stderr } = await place.command('setpriv', args)
  return { place, said: stdout.trim() || stderr }
}

for (const [options, option] of [
  [{ user: 'root' }, 'user'],
  [{ user: 'daemon', group: 'daemon' }, 'user'],
  [{ group: 'daemon' }, 'group'],
  [{ chroot: '/' }, 'chroot'],
  [{ nice: -5 }, 'nice'],
  [{ oomScoreAdj: -1000 }, 'oomScoreAdj'],
  [{ limits: { nofile: 2 ** 40 } }, 'limits.nofile'],
]) {
  needs('root', 'setpriv')(`an ordinary user may not ask for ${JSON.stringify(options)}`, async (t) => {
    const { place, said } = await asNobody(t, options)
    const [name] = option.split('.').slice(-1)
    const value = options[option] ?? options.limits[name]
    t.is(said, `ERR_DAEMON_INVALID_OPTION ${option} ${JSON.stringify(value)}`)
    t.is(content(place.file('a.pid')), undefined)
    t.deepEqual(place.processes(), [])
  })
}

needs('root', 'setpriv')('an ordinary user may name himself', async (t) => {
  t.is((await asNobody(t, { user: 'nobody' })).said, 'running')
})
