import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const INSIDE = fixture('launcher/inside.cjs')

/** Starts the script that looks at itself; gives what it has seen. */
async function inside(place, options = {}) {
  const scriptArgs = [place.file('seen')]
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: INSIDE, scriptArgs, ...options })
  const { pid } = await daemon.start()
  return { daemon, pid, ...JSON.parse(place.read('seen')) }
}

test.serial(
  "a daemon has the launcher's folder, umask 022 and null devices, unless it is told otherwise",
  async (t) => {
    const place = folder(t)
    const umask = process.umask(0o077)
    t.teardown(() => process.umask(umask))
    const seen = await inside(place)
    t.is(seen.cwd, process.cwd())
    t.is(seen.umask, 0o022)
    const target = (fd) => seen.fds.find((one) => one.fd === fd).target
    t.is(target(0), '/dev/null')
    t.is(target(1), '/dev/null')
    await until(() => readlinkSync(`/proc/${seen.pid}/fd/2`) === '/dev/null', 'stderr after the start')
  },
)

test.serial('cwd, umask and title are in force before the first line of a script', async (t) => {
  const place = folder(t)
  const seen = await inside(place, { cwd: '/usr', umask: 0o027, title: 'a title' })
  t.like(seen, { cwd: '/usr', umask: 0o027, title: 'a title' })
})

test.serial('relative paths are those of the launcher, not of the cwd option', async (t) => {
  const place = folder(t)
  const cwd = process.cwd()
  process.chdir(place.path)
  t.teardown(() => process.chdir(cwd))
  const { daemon } = await inside(place, { pidFile: 'b.pid', log: 'b.log', cwd: '/usr' })
  t.is(daemon.pidFile, place.file('b.pid'))
  t.true(existsSync(place.file('b.pid')))
  t.is(place.read('b.log'), 'out\nerr\n')
  await daemon.reload()
  t.like(await daemon.stop(), { wasRunning: true })
  t.false(existsSync(place.file('b.pid')))
})

test.serial('the name is the title, where there is none', async (t) => {
  const place = folder(t)
  t.is((await inside(place, { name: 'hello' })).title, 'hello')
})

test.serial("env is merged over the launcher's, undefined takes away", async (t) => {
  const place = folder(t)
  process.env.LAUNCHERS_KEPT = 'kept'
  process.env.LAUNCHERS_GONE = 'gone'
  t.teardown(() => {
    delete process.env.LAUNCHERS_KEPT
    delete process.env.LAUNCHERS_GONE
  })
  const { env } = await inside(place, { env: { A: 'a=b\nc', PATH: '/other', LAUNCHERS_GONE: undefined } })
  t.like(env, { A: 'a=b\nc', PATH: '/other', LAUNCHERS_KEPT: 'kept' })
  t.false('LAUNCHERS_GONE' in env)
  t.deepEqual(
    Object.keys(env).filter((name) => name.startsWith('DAIMON_')),
    [],
  )
})

test.serial('cleanEnv leaves nothing but PATH, HOME, LANG, TZ and what env adds', async (t) => {
  const place = folder(t)
  const before = { TZ: process.env.TZ, LANG: process.env.LANG }
  Object.assign(process.env, { TZ: 'UTC', LANG: 'C.UTF-8', LAUNCHERS_GONE: 'gone' })
  t.teardown(() => {
    delete process.env.LAUNCHERS_GONE
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  // By TEST_FOLDER the test finds its processes again.
  const env = { TEST_FOLDER: place.path, A: '1', HOME: undefined }
  const seen = await inside(place, { cleanEnv: true, env })
  t.deepEqual(seen.env, {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    A: '1',
    TEST_FOLDER: place.path,
  })
})

const names = (fds) => fds.map(({ target }) => target.replace(/\[\d+\]$/, '')).sort()

test.serial(
  "open when the body begins: 0, 1, 2, lock, channel, captured stderr and Node's own, all close-on-exec",
  async (t) => {
    const place = folder(t)
    // What Node itself opens, seen where nobody has become a daemon.
    const plain = place.spawn([INSIDE, place.file('plain')], { stdio: 'ignore' })
    await until(() => existsSync(place.file('plain')) && place.read('plain').endsWith('}'), 'plain Node')
    plain.child.kill()
    // What does not close on exec is not Node's: whoever started these tests has left it open.
    const own = JSON.parse(place.read('plain')).fds.filter(({ fd, closesOnExec }) => fd > 2 && closesOnExec)
    const { fds, pid } = await inside(place)
    const others = fds.filter(({ fd }) => fd > 2)
    const channel = new Set(
      others.map(({ target }) => target).filter((target) => target.startsWith('socket:')),
    )
    t.is(channel.size, 1)
    // A thread opens it once more, to keep the memory short in which an error of this start would be told.
    const capture = '/memfd:daimon-stderr (deleted)'
    const rest = others.filter(({ target }) => !channel.has(target) && target !== capture)
    t.deepEqual(names(rest), [...names(own), place.file('a.pid')].sort())
    t.deepEqual(
      others.filter(({ closesOnExec }) => !closesOnExec),
      [],
    )
    // Once it is ready, these are gone, too.
    const open = () => readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    const isOfStart = (target) => target.startsWith('socket:') || target === capture
    await until(() => !open().some(isOfStart), 'the end of the channel')
    t.is(open().filter((target) => target === place.file('a.pid')).length, 1)
  },
)

needs('bash')(
  "the launcher's own descriptors do not reach the daemon, nor the daemon's its children",
  async (t) => {
    const place = folder(t)
    const program = place.write(
      'start.mjs',
      `import { Daemon } from "DAIMON"
     const [pidFile, script] = process.argv.slice(2)
     await new Daemon({ pidFile, script }).start()`,
    )
    const script = place.write(
      'a.mjs',
      `import { execFileSync } from 'node:child_process'
     import { writeFileSync } from 'node:fs'
     const list = 'for fd in /proc/self/fd/*; do readlink $fd; done; true'
     writeFileSync('child', execFileSync('sh', ['-c', list], { stdio: ['ignore', 'pipe', 'ignore'] }))
     setInterval(() => {}, 1e6)`,
    )
    place.write('leaked', '')
    const shell = 'exec 5<leaked 9>>leaked 40<leaked && exec "$@"'
    const args = ['-c', shell, 'bash', process.execPath, program, place.file('a.pid'), script]
    t.like(await place.command('bash', args), { code: 0, stderr: '' })
    const pid = Number(place.read('a.pid'))
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    t.false(open.includes(place.file('leaked')))
    t.true(open.includes(place.file('a.pid')))
    t.false(place.read('child').includes(place.file('a.pid')))
  },
)

test.serial('a daemon dumps no core', async (t) => {
  t.deepEqual((await inside(folder(t))).core, ['0', '0'])
})

test.serial('output is appended, to one file in the order in which it was written', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `for (let line = 0; line < 200; line++) (line % 2 ? console.error : console.log)('line', line)
     setInterval(() => {}, 1e6)`,
  )
  const log = place.write('a.log', 'before\n')
  await new Daemon({ pidFile: place.file('a.pid'), script, log }).start()
  const lines = Array.from({ length: 200 }, (_, line) => `line ${line}\n`)
  t.is(place.read('a.log'), `before\n${lines.join('')}`)
})

test.serial('a log that is made has a mode that keeps strangers out', async (t) => {
  const place = folder(t)
  await inside(place, { log: place.file('a.log') })
  t.is(statSync(place.file('a.log')).mode & 0o777, 0o640)
})

test.serial('stdin, stdout and stderr go where they are told to', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { readFileSync } from 'node:fs'
     console.log(readFileSync(0, 'utf8'))
     console.error('err')
     setInterval(() => {}, 1e6)`,
  )
  const stdin = place.write('in', 'input')
  const [stdout, stderr] = [place.write('out', '1\n'), place.write('err', '2\n')]
  await new Daemon({ pidFile: place.file('a.pid'), script, stdin, stdout, stderr }).start()
  t.is(place.read('out'), '1\ninput\n')
  t.is(place.read('err'), '2\nerr\n')
})

test.serial("'inherit' gives the launcher's own standard descriptors", async (t) => {
  const place = folder(t)
  const program = place.write(
    'start.mjs',
    `import { Daemon } from "DAIMON"
     const [pidFile, script, seen] = process.argv.slice(2)
     await new Daemon({ pidFile, script, scriptArgs: [seen], stdout: 'inherit', stderr: 'inherit' }).start()
     process.stdout.write('launcher')`,
  )
  const launcher = place.spawn([program, place.file('a.pid'), INSIDE, place.file('seen')])
  await until(() => launcher.output().stdout === 'out\nlauncher', 'both')
  await until(() => launcher.output().stderr === 'err\n', 'stderr')
  // Its streams stay open, for they are the daemon's, too.
  await until(() => launcher.child.exitCode !== null || launcher.child.signalCode !== null, 'the end')
  t.is(launcher.child.exitCode, 0)
})
