import { Daemon } from '../../dist/index.js'
import { alive, fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { idle } from '../helpers/pidfile.js'

/** Starts a daemon in another PID namespace; gives its PID as seen there and the process that must go on. */
async function startInside(place) {
  const program = fixture('pidfile/stays.mjs')
  const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const args = ['-pf', '--mount-proc', '--kill-child', process.execPath, program, place.file('a.pid'), script]
  const inside = place.spawnCommand('unshare', args)
  const pid = Number(await until(() => inside.output().stdout.trim(), 'the daemon inside'))
  return { inside, pid }
}

const state = (place) => place.processes().sort()

needs('root', 'PID namespaces')(
  'the daemon of an inner PID namespace is never signalled from outside by the PID in its file',
  async (t) => {
    const place = folder(t)
    const { pid } = await startInside(place)
    t.is(place.read('a.pid'), `${pid}\n`)
    const before = state(place)
    const daemon = new Daemon({ pidFile: place.file('a.pid') })
    t.like(await daemon.status(), { state: 'unverified', pid })
    const script = place.file('idle.mjs')
    const starting = t.throwsAsync(new Daemon({ pidFile: place.file('a.pid'), script }).start())
    const calls = [daemon.stop(), daemon.signal('SIGKILL'), daemon.reload()]
    await Promise.all(calls.map((call) => t.throwsAsync(call, { code: 'ERR_DAEMON_UNVERIFIED' })))
    const { code } = await starting
    t.true(['ERR_DAEMON_UNVERIFIED', 'ERR_DAEMON_PIDFILE'].includes(code), code)
    t.is(place.read('a.pid'), `${pid}\n`)
    t.deepEqual(state(place), before)
  },
)

needs('root', 'PID namespaces')(
  'of two namespaces that share a folder, with equal PIDs, neither touches the other one',
  async (t) => {
    const place = folder(t)
    const { pid } = await startInside(place)
    // In the second one a stranger gets the very PID that the daemon has in the first.
    const program = fixture('pidfile/namesake.mjs')
    const before = state(place)
    const node = [process.execPath, program, place.file('a.pid'), place.file('idle.mjs'), String(pid)]
    const { stdout, stderr } = await place.command('unshare', ['-pf', '--mount-proc', ...node])
    t.is(stderr, '')
    t.deepEqual(JSON.parse(stdout), {
      same: true,
      state: 'unverified',
      codes: Array(4).fill('ERR_DAEMON_UNVERIFIED'),
      alive: true,
    })
    t.deepEqual(state(place), before)
    t.is(place.read('a.pid'), `${pid}\n`)
  },
)

needs('root', 'PID namespaces')(
  'a daemon of the outer namespace is unverified from the inner one',
  async (t) => {
    const place = folder(t)
    const { pid } = await idle(place).start()
    const program = place.write(
      'look.mjs',
      `import { Daemon } from "DAIMON"
     const daemon = new Daemon({ pidFile: process.argv[2] })
     const { state } = await daemon.status()
     const refused = (error) => error.code + ': ' + error.reason
     console.log(state, await daemon.signal('SIGKILL').then(() => 'done', refused))`,
    )
    const args = ['-pf', '--mount-proc', process.execPath, program, place.file('a.pid')]
    const { stdout } = await place.command('unshare', args)
    t.is(stdout, 'unverified ERR_DAEMON_UNVERIFIED: its holder is in another PID namespace\n')
    t.true(alive(pid))
  },
)

/** Root without the right to look into processes, as in most containers. */
const CONTAINED = ['--bounding-set=-sys_ptrace', '--inh-caps=-all']

needs('root', 'setpriv')(
  'a root without CAP_SYS_PTRACE finds and stops a daemon of full rights',
  async (t) => {
    const place = folder(t)
    const { pid } = await idle(place).start()
    const program = place.write(
      'control.mjs',
      `import { Daemon } from "DAIMON"
     const daemon = new Daemon({ pidFile: process.argv[2] })
     const { state, pid } = await daemon.status()
     console.log(state, pid, (await daemon.stop()).wasRunning)`,
    )
    const args = [...CONTAINED, process.execPath, program, place.file('a.pid')]
    const { stdout, stderr } = await place.command('setpriv', args)
    t.is(stdout + stderr, `running ${pid} true\n`)
    t.false(alive(pid))
  },
)

needs('root', 'setpriv')(
  'a root without CAP_SYS_PTRACE does not signal a daemon that has lost its name tag, unless it has proof',
  async (t) => {
    const place = folder(t)
    const script = place.write(
      'a.mjs',
      `import { readFileSync } from 'node:fs'
       readFileSync(process.env.PIDFILE)
       setInterval(() => {}, 1e6)`,
    )
    const { pid } = await idle(place, { script, env: { PIDFILE: place.file('a.pid') } }).start()
    const program = place.write(
      'control.mjs',
      `import { Daemon } from "DAIMON"
       const daemon = new Daemon({ pidFile: process.argv[2] })
       const { state, pid } = await daemon.status()
       console.log(state, pid, await daemon.signal('SIGCONT').then(() => 'done', (error) => error.code))`,
    )
    const args = [...CONTAINED, process.execPath, program, place.file('a.pid')]
    const { stdout } = await place.command('setpriv', args)
    t.true([`running ${pid} done\n`, `unverified ${pid} ERR_DAEMON_UNVERIFIED\n`].includes(stdout), stdout)
    t.is(place.read('a.pid'), `${pid}\n`)
    t.true(alive(pid))
  },
)
