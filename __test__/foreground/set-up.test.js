// The foreground before its body begins: what it is given, and what keeps it from beginning.
import { existsSync } from 'node:fs'
import test from 'ava'
import { body, program } from '../helpers/foreground.js'
import { fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

test.serial('arguments arrive as they are, but must be fit to be cloned', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const run = (daemon, map, text) => console.log(map === given, text, daemon.args.length)
     const d = new Daemon({ pidFile: 'a.pid', run })
     const given = new Map()
     const refused = await d.foreground(given, () => {}).catch((error) => error)
     console.log(refused.code, refused.option, Daemon.current)
     await d.foreground(given, 'text')`,
  )
  const { code, stdout } = await place.node([path])
  t.is(code, 0)
  t.is(stdout, 'ERR_DAEMON_INVALID_OPTION args[1] undefined\ntrue text 2\n')
})

test.serial('cwd, umask, environment and title are set before the body begins', async (t) => {
  const place = folder(t)
  const run = `() => {
    const { HOME, ADDED, GONE, PATH } = process.env
    console.log(JSON.stringify([process.cwd(), process.umask(), process.title, !!HOME, ADDED, GONE, !!PATH]))
  }`
  const options = "cwd: '/usr', umask: 0o027, name: 'titled', env: { ADDED: 'yes', HOME: undefined }"
  const seen = async (more) => {
    const { stdout } = await place.node([program(place, run, `${options}, ${more}`)], {
      env: { GONE: 'still' },
    })
    return JSON.parse(stdout.split('\n')[0])
  }
  t.deepEqual(await seen(''), ['/usr', 0o027, 'titled', false, 'yes', 'still', true])
  t.deepEqual(await seen('cleanEnv: true'), ['/usr', 0o027, 'titled', false, 'yes', null, true])
})

test.serial('limits, nice value and core limit are those of the whole process', async (t) => {
  const place = folder(t)
  const run = `() => {
    const { readFileSync, readdirSync } = process.getBuiltinModule('node:fs')
    const threads = readdirSync('/proc/self/task').map((id) => '/proc/self/task/' + id + '/stat')
    const nice = new Set(threads.map((path) => readFileSync(path, 'utf8').split(' ')[18]))
    const lines = readFileSync('/proc/self/limits', 'utf8').split(String.fromCharCode(10))
    const limit = (name) => lines.find((line) => line.startsWith(name)).slice(name.length).split(/ +/).slice(1, 3)
    const score = readFileSync('/proc/self/oom_score_adj', 'utf8').trim()
    console.log(JSON.stringify([[...nice], limit('Max open files'), limit('Max core file size'), score]))
  }`
  const options = 'nice: 3, limits: { nofile: [500, 600] }, oomScoreAdj: 500'
  const { stdout } = await place.node([program(place, run, options)])
  t.deepEqual(JSON.parse(stdout.split('\n')[0]), [['3'], ['500', '600'], ['0', '0'], '500'])
})

needs('root')('user and root folder are taken before the body begins; the pidfile is given up', async (t) => {
  const place = folder(t)
  const run = `() => {
    const { readdirSync } = process.getBuiltinModule('node:fs')
    console.log(JSON.stringify([process.geteuid(), process.cwd(), process.env.USER, readdirSync('/')]))
  }`
  place.write('root/inside', '')
  const { stdout } = await place.node([program(place, run, "user: 'nobody', chroot: 'root'")])
  t.deepEqual(JSON.parse(stdout.split('\n')[0]), [65534, '/', 'nobody', ['inside']])
  t.is(place.read('a.pid'), '', 'who cannot remove it empties it')
  const refused = await place.node([program(place, run, 'noNewPrivileges: true')])
  t.regex(refused.stderr, /UnsupportedError: Option 'noNewPrivileges'/)
})

test.serial('a process is the daemon of one pidfile', async (t) => {
  const place = folder(t)
  const path = fixture('foreground/other-pidfiles.mjs')
  const refused = 'UNSUPPORTED ALREADY_RUNNING UNSUPPORTED UNSUPPORTED ALREADY_RUNNING ALREADY_RUNNING'
  t.like(await place.node([path]), { code: 0, stdout: `${refused}\n` })
  for (const name of ['a.pid', 'b.pid']) t.false(existsSync(place.file(name)), name)
})

test.serial('a worker is the daemon of none', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `import { Worker, isMainThread } from 'node:worker_threads'
     if (isMainThread) new Worker(new URL(import.meta.url))
     else {
       const refused = (error) => console.log(error.code, error.feature)
       await new Daemon({ pidFile: 'a.pid', run() {} }).foreground().catch(refused)
       await daemonize({ pidFile: 'a.pid', detach: false }).catch(refused)
     }`,
  )
  const { stdout } = await place.node([path])
  t.is(stdout, 'ERR_DAEMON_UNSUPPORTED foreground\n'.repeat(2))
  t.false(existsSync(place.file('a.pid')))
})

test.serial('a failure leaves no pidfile, and the process as it was', async (t) => {
  const place = folder(t)
  place.write('garbage.pid', 'notes')
  const path = body(
    place,
    `const run = () => console.log('runs')
     for (const options of [{ log: 'missing/a.log' }, { pidFile: 'garbage.pid' }, { pidFile: 'missing/a.pid' }]) {
       const error = await new Daemon({ pidFile: 'a.pid', run, ...options }).foreground().catch((error) => error)
       console.log(error.code, error.option ?? error.reason, Daemon.current)
     }
     await new Daemon({ pidFile: 'a.pid', run }).foreground()`,
  )
  const { code, stdout } = await place.node([path])
  t.is(code, 0)
  const refused = [
    'ERR_DAEMON_INVALID_OPTION log',
    'ERR_DAEMON_PIDFILE garbage',
    'ERR_DAEMON_PIDFILE missing-directory',
  ]
  t.is(stdout, `${refused.map((line) => `${line} undefined\n`).join('')}runs\n`)
  t.is(place.read('garbage.pid'), 'notes')
  t.false(existsSync(place.file('a.pid')))
})
