// Whose rights a daemon has: its user, its groups, its privileges.
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { nobody, OPTION, open, RIGHTS, root } from '../helpers/privileges.js'

/** Starts the script that looks at its rights; gives what it has seen. */
async function seen(place, options) {
  const scriptArgs = [place.file('seen')]
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, scriptArgs, ...options })
  const { pid } = await daemon.start()
  return { daemon, pid, ...JSON.parse(place.read('seen')) }
}

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
