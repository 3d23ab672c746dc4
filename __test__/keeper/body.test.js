// What a body has of its keeper's, and what it leaves alone: the tie, the lock, the pidfile, and its own limits.
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
} from 'node:fs'
import { getPriority } from 'node:os'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, folder, kill, stat, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'
import { needs } from '../helpers/needs.js'
import { nobody, root } from '../helpers/privileges.js'

const IDLE = 'setInterval(() => {}, 1e6)'

needs('/proc')('a body that ends leaves the lock and the pidfile as they are', async (t) => {
  const place = folder(t)
  const { daemon, get } = await kept(place)
  const { pid } = await daemon.start()
  const first = await get()
  await t.throwsAsync(get('/exit?code=3'))
  t.not(await get(), first)
  t.is(place.read('a.pid'), `${pid}\n`)
  const { ino } = statSync(place.file('a.pid'))
  // The lock itself, proc_locks(5): whoever starts a daemon would find out without it, too, but later.
  t.regex(readFileSync('/proc/locks', 'utf8'), new RegExp(`FLOCK .*:${ino} `))
  t.like(await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_ALREADY_RUNNING' }), { pid })
  await daemon.stop()
})

needs('/proc')('what a body starts has neither the lock nor the channel', async (t) => {
  const place = folder(t)
  const script = place.write(
    'parent.cjs',
    `const child = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' })
     console.log('child ' + child.pid)
     process.on('SIGTERM', () => child.kill())`,
  )
  const { daemon, log } = await kept(place, { script })
  await daemon.start()
  const child = await until(() => Number(/child (\d+)/.exec(log())?.[1]))
  // Those that this test's own process has been given are open everywhere.
  const isOwn = (fd) => readlinkSync(`/proc/self/fd/${fd}`) === readlinkSync(`/proc/${child}/fd/${fd}`)
  const open = () => readdirSync(`/proc/${child}/fd`).filter((fd) => Number(fd) > 2)
  await until(() => content(`/proc/${child}/comm`) === 'sleep\n')
  t.deepEqual(
    open().filter((fd) => !readdirSync('/proc/self/fd').includes(fd) || !isOwn(fd)),
    [],
  )
  await daemon.stop()
})

test.serial('a body with nothing left to do ends, whatever its keeper might still say', async (t) => {
  const place = folder(t)
  const script = place.write(
    'ends.cjs',
    `const timer = setInterval(() => { if (require('node:fs').existsSync(process.env.GO)) clearInterval(timer) }, 5)`,
  )
  const { daemon } = await kept(place, { script }, { GO: place.file('go') })
  await daemon.start()
  const exited = daemon.exited()
  place.write('go', '')
  t.deepEqual(await exited, { code: 0 })
})

/**
 * A process of the body's group whose parent is in another one: the kernel wakes a group that is stopped when no such
 * parent is left, setpgid(2), and the body could end itself then.
 */
const HOLDS_GROUP = `
import os, sys, time
os.setpgid(0, 0)
if os.fork() == 0:
    os.setpgid(0, int(sys.argv[1]))
    print('held', flush=True)
time.sleep(1000)
`

/** The kernel ends a body, which runs no code: it is stopped. */
async function endsByKernel(t, options) {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const script = place.write(
    'stopped.cjs',
    `const { spawn } = require('node:child_process')
     spawn('python3', ['-c', process.env.HOLDS_GROUP, String(process.pid)], { stdio: 'inherit' })`,
  )
  const env = { HOLDS_GROUP, PATH: '/usr/local/bin:/usr/bin:/bin' }
  const { daemon, log } = await kept(place, { script, ...options }, env)
  const { pid } = await daemon.start()
  const [body] = await serving(daemon)
  await until(() => log().includes('held'))
  kill(body, 'SIGSTOP')
  await until(() => stat(body).state === 'T')
  kill(pid)
  await until(() => !alive(body))
  t.like(await daemon.status(), { state: 'stopped' })
}

needs('python3', '/proc')('a body that is stopped ends with its keeper', (t) => endsByKernel(t, {}))

needs(
  'python3',
  'root',
  'processor of its own',
)('so does one that has given up its rights', (t) => endsByKernel(t, { user: 'nobody', cwd: '/' }))

root('a body that has changed its user by itself, which unties it, ends with its keeper', async (t) => {
  const place = folder(t)
  const { uid, gid } = nobody()
  const script = place.write('drops.cjs', `process.setgid(${gid})\nprocess.setuid(${uid})\n${IDLE}`)
  const { daemon } = await kept(place, { script })
  const { pid } = await daemon.start()
  const [body] = await serving(daemon)
  kill(pid)
  await until(() => !alive(body))
  t.like(await daemon.status(), { state: 'stopped' })
})

/** What /proc tells of a process. */
function facts(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (name) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)[1]
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
  return {
    files: Number(/^Max open files\s+(\d+)/m.exec(limits)[1]),
    locked: /^Max locked memory\s+(\S+\s+\S+)/m.exec(limits)[1].replace(/\s+/, ' '),
    nice: getPriority(pid),
    noNewPrivileges: of('NoNewPrivs'),
    score: Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8')),
    umask: of('Umask'),
  }
}

needs('/proc', 'processor of its own')(
  'each body has its limits, folder and descriptors, and the keeper none of the limits',
  async (t) => {
    const place = folder(t)
    const fd = openSync(place.write('kept', ''), 'r')
    const { daemon, get } = await kept(place, {
      limits: { nofile: [128, 128], memlock: [65_536, 65_536] },
      nice: 19,
      umask: 0o077,
      noNewPrivileges: true,
      oomScoreAdj: 500,
      keepFds: [fd],
      cwd: place.path,
    })
    const { pid } = await daemon.start()
    // The keeper holds what this process no longer has.
    closeSync(fd)
    const { umask, ...own } = facts(process.pid)
    t.like(facts(pid), own)
    const look = async () => {
      const body = await get()
      t.deepEqual(facts(Number(body)), {
        files: 128,
        locked: '65536 65536',
        nice: 19,
        noNewPrivileges: '1',
        score: 500,
        umask: '0077',
      })
      t.is(readlinkSync(`/proc/${body}/cwd`), place.path)
      t.is(readlinkSync(`/proc/${body}/fd/${fd}`), place.file('kept'))
      return Number(body)
    }
    const first = await look()
    kill(first)
    await until(() => !alive(first))
    await look()
    await daemon.upgrade()
    await look()
    await daemon.stop()
  },
)

for (const isForeground of [false, true]) {
  const what = isForeground ? 'in the foreground' : 'in the background'
  root(`nobody but root can look into a keeper ${what}, though it is of the same user`, async (t) => {
    const place = folder(t)
    chmodSync(place.path, 0o755)
    const { uid, gid } = nobody()
    const ids = { uid: Number(uid), gid: Number(gid) }
    mkdirSync(place.file('own'))
    chownSync(place.file('own'), ids.uid, ids.gid)
    const launcher = place.write(
      'launcher.mjs',
      `import { Daemon } from "DAIMON"
       const pidFile = ${JSON.stringify(place.file('own/a.pid'))}
       const daemon = new Daemon({ pidFile, script: ${JSON.stringify(place.write('idle.cjs', IDLE))}, respawn: true })
       await daemon.${isForeground ? 'foreground' : 'start'}()`,
    )
    place.spawn([launcher], { ...ids, cwd: '/' })
    const daemon = new Daemon({ pidFile: place.file('own/a.pid') })
    const { pid, bodies } = await until(async () => {
      const status = await daemon.status()
      return status.state === 'running' && status.bodies?.[0]?.ready && status
    })
    // The kernel gives the files of a process that hides its memory to root, proc(5).
    t.is(statSync(`/proc/${bodies[0].pid}/mem`).uid, ids.uid)
    t.is(statSync(`/proc/${pid}/mem`).uid, 0)
    await daemon.stop()
  })
}

root('any user is told how the keeper of an own daemon has ended', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const { uid, gid } = nobody()
  const ids = { uid: Number(uid), gid: Number(gid) }
  mkdirSync(place.file('own'))
  chownSync(place.file('own'), ids.uid, ids.gid)
  const script = place.write(
    'ends.cjs',
    `process.on('SIGUSR1', () => process.exit(9))\nprocess.on('SIGUSR2', () => process.abort())\n${IDLE}`,
  )
  const launcher = place.write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     const [pidFile, script] = ${JSON.stringify([place.file('own/a.pid'), script])}
     const daemon = new Daemon({ pidFile, script, respawn: 'never', readyTimeout: 60_000 })
     for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGKILL']) {
       const { pid, bodies } = await daemon.start()
       const exited = daemon.exited()
       process.kill(signal === 'SIGKILL' ? pid : bodies[0].pid, signal)
       console.log(JSON.stringify(await exited))
     }`,
  )
  // Nobody may raise this limit again.
  const without = place.write(
    'without.cjs',
    `const { execFileSync } = require('node:child_process')
     const command = ['-c', 'ulimit -c 0 && exec "$0" "$1"', process.execPath, ${JSON.stringify(launcher)}]
     execFileSync('sh', command, { stdio: 'inherit' })`,
  )
  const told = async (program) => {
    const { stdout, stderr } = await place.node([program], { ...ids, cwd: '/' })
    t.is(stderr, '')
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  t.deepEqual((await told(without))[0], { code: 9 })
  const [code, signal, killed] = await told(launcher)
  t.deepEqual([code, signal], [{ code: 9 }, { signal: 'SIGABRT' }])
  // Of one that was killed the kernel may tell nothing; but nothing wrong.
  t.true(killed.code === undefined && [undefined, 'SIGKILL'].includes(killed.signal), JSON.stringify(killed))
})
