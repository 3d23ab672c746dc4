// The process of a program: what it has between clone and exec, which it could not do itself.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, openSync, readlinkSync, statSync } from 'node:fs'
import { getPriority } from 'node:os'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { content, folder, freePort, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { nobody, open } from '../helpers/privileges.js'
import { bodyOf, facts, served } from '../helpers/program.js'

const python = needs('python3')
const root = needs('python3', 'root', 'processor of its own')

python('it has its limits, priority and mask, and gains no rights', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = served(
    place,
    {
      ready: { port },
      limits: { nofile: [64, 128] },
      coreDumps: true,
      nice: 19,
      umask: 0o077,
      noNewPrivileges: true,
    },
    { port },
  )
  const { pid } = await daemon.start()
  const found = await facts(port)
  t.deepEqual(found.nofile, [64, 128])
  t.like(found, { nice: 19, umask: ['0077'], noNewPrivileges: ['1'] })
  t.is(found.core[0], found.core[1])
  t.not(found.core[0], 0)
  // Nothing of this is the keeper's.
  t.is(getPriority(pid), getPriority())
  await daemon.stop()
})

python('it has a score for the lack of memory, with the rights of any user', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const { daemon } = served(place, { ready: { port }, oomScoreAdj: 500 }, { port })
  await daemon.start()
  t.is((await facts(port)).score, '500')
  await daemon.stop()
})

python('it has the kept descriptors, and no other one', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const kept = openSync(place.write('kept', ''), 'r')
  const { daemon } = served(place, { ready: { port }, keepFds: [kept] }, { port })
  await daemon.start()
  const body = await bodyOf(daemon)
  const leadsTo = (fd) => readlinkSync(`/proc/${body}/fd/${fd}`)
  t.is(leadsTo(kept), place.file('kept'))
  const all = spawnSync('ls', [`/proc/${body}/fd`], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
  const known = ['/dev/null', place.file('a.log'), place.file('a.pid'), place.file('kept')]
  // The server's own socket is the only other one.
  t.is(all.map(leadsTo).filter((path) => !known.includes(path)).length, 1)
  await daemon.stop()
})

test.serial('without a log its errors are not kept for ever', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), program: 'sleep', programArgs: ['1000'] })
  await daemon.start()
  t.is(readlinkSync(`/proc/${await bodyOf(daemon)}/fd/2`), '/dev/null')
  await daemon.stop()
})

root("it is another user from its first instruction on, with that user's groups and variables", async (t) => {
  const place = open(t)
  const port = await freePort()
  const { uid, gid, groups, home } = nobody()
  const { daemon } = served(place, { ready: 'notify', user: 'nobody' }, { port })
  const { pid } = await daemon.start()
  const found = await facts(port)
  t.deepEqual(found.uid, Array(4).fill(uid))
  t.deepEqual(found.gid, Array(4).fill(gid))
  t.deepEqual(found.groups.sort(), groups)
  t.like(found.env, { HOME: home, USER: 'nobody' })
  t.deepEqual(found.noNewPrivileges, ['1'])
  t.is(statSync(`/proc/${pid}`).uid, 0)
  t.is(String(statSync(place.file('a.log')).uid), uid)
  // The pidfile says that its holder has given a copy of its lock to another user.
  t.is(statSync(place.file('a.pid')).mode & 0o1000, 0o1000)
  // The tie to the keeper outlives the change of user.
  process.kill(pid, 'SIGKILL')
  await until(() => place.processes().length === 0)
  t.pass()
})

root('it is in another root folder, where its path is looked for', async (t) => {
  const place = open(t)
  const busybox = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim()
  const own = busybox === '' ? '/bin/sh' : busybox
  const inside = place.file('root')
  mkdirSync(place.file('root/srv'), { recursive: true })
  for (const file of needed(own)) {
    spawnSync('cp', ['--parents', file, inside])
    chmodSync(`${inside}${file}`, 0o755)
  }
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    log: place.file('a.log'),
    program: own,
    programArgs: [...(busybox === '' ? [] : ['sh']), '-c', 'pwd; kill -STOP $$'],
    chroot: inside,
    cwd: '/srv',
    user: 'nobody',
  })
  await daemon.start()
  const body = await bodyOf(daemon)
  t.is(readlinkSync(`/proc/${body}/root`), inside)
  t.is(readlinkSync(`/proc/${body}/cwd`), `${inside}/srv`)
  await daemon.stop()
  const missing = daemon.with({ program: '/no/such' })
  t.like(await t.throwsAsync(missing.start(), { code: 'ERR_DAEMON_INVALID_OPTION' }), { option: 'program' })
})

/** The file, and the libraries that it needs. */
function needed(file) {
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' })
  return [file, ...Array.from((stdout ?? '').matchAll(/(?:=> )?(\/\S+) \(/g), ([, path]) => path)]
}

needs(
  'python3',
  'root',
  'setpriv',
  'processor of its own',
)('what other users say at its NOTIFY_SOCKET does not count', async (t) => {
  const place = open(t)
  const told = []
  const logger = { debug() {}, info: (text) => told.push(text), warn() {}, error() {} }
  const { daemon } = served(
    place,
    {
      program: 'sh',
      programArgs: ['-c', `echo "$NOTIFY_SOCKET" > ${place.file('address')}; exec sleep 1000`],
      ready: 'notify',
      logger,
    },
    {},
  )
  const starting = daemon.start()
  await until(() => content(place.file('address'))?.endsWith('\n'))
  const [name] = place.read('address').slice(1).split('\n')
  const say = (user, text) => {
    const code = `import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), b"\\0" + sys.argv[1].encode())`
    const ids = ['--reuid', user, '--clear-groups']
    // A python3 of root's alone may come first.
    const env = { PATH: '/usr/bin:/bin' }
    t.is(spawnSync('setpriv', [...ids, 'python3', '-c', code, name, text], { env }).status, 0)
  }
  // They are read in their order.
  say('1', 'READY=1\nSTATUS=forged')
  say('0', 'STATUS=true')
  say('0', 'READY=1')
  await starting
  t.false(told.includes('forged'))
  t.true(told.includes('true'), told.join())
  await daemon.stop()
})

root('a program that the other user may not execute fails the start', async (t) => {
  const place = open(t)
  mkdirSync(place.file('private'))
  chmodSync(place.file('private'), 0o700)
  place.write('private/serve', '#!/bin/sh\n')
  chmodSync(place.file('private/serve'), 0o755)
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    program: place.file('private/serve'),
    user: 'nobody',
  })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.like(error, { step: 'exec' })
  t.like(error.cause, { code: 'EACCES' })
  t.deepEqual(place.processes(), [])
})
