// What others than root can change makes root write, believe or kill nothing.
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename } from 'node:path'
import { Daemon } from '../../dist/index.js'
import { alive, fixture, folder, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { nobody, OPTION, open, root } from '../helpers/privileges.js'

/** A copy of a fixture, which a user without rights may read. */
function copied(place, name) {
  const path = place.file(basename(name))
  copyFileSync(fixture(name), path)
  chmodSync(path, 0o644)
  return path
}

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
    const refusal = { ...OPTION, message: /a\.log is reached by a symbolic link of another user/ }
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

root('a hard link of a user’s leads root neither to another daemon nor into another file', async (t) => {
  const { place, ids, start } = linked(t, 'root')
  const { pid } = await start({ log: place.file('a.log'), pidFile: place.file('target/a.pid') })
  // As the user could without the system's protection of hard links.
  mkdirSync(place.file('users/run'))
  const sticky = place.file('sticky')
  mkdirSync(sticky)
  chmodSync(sticky, 0o1777)
  chownSync(place.file('users/run'), ...ids)
  writeFileSync(place.file('mine.log'), '')
  for (const path of [place.file('users/run'), sticky]) {
    linkSync(place.file('target/a.pid'), `${path}/a.pid`)
    linkSync(place.file('mine.log'), `${path}/a.log`)
    const astray = new Daemon({ pidFile: `${path}/a.pid` })
    for (const ask of [() => astray.stop(), () => astray.status(), () => astray.reload()]) {
      t.is((await t.throwsAsync(ask(), { code: 'ERR_DAEMON_PIDFILE' })).reason, 'hard-linked')
    }
    await t.throwsAsync(start({ log: `${path}/a.log` }), OPTION)
  }
  t.is(place.read('mine.log'), '')
  t.true(alive(pid))
  // Root's own link, where only root can make one.
  linkSync(place.file('target/a.pid'), place.file('target/b.pid'))
  await new Daemon({ pidFile: place.file('target/b.pid') }).stop()
  t.false(alive(pid))
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
