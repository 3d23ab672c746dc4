// What a daemon may use up, and which descriptors it keeps.
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const RIGHTS = fixture('inside/rights.cjs')
const INSIDE = fixture('launcher/inside.cjs')
const OPTION = { code: 'ERR_DAEMON_INVALID_OPTION' }

async function seen(place, options, script = RIGHTS) {
  const scriptArgs = [place.file('seen')]
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, scriptArgs, ...options })
  const { pid } = await daemon.start()
  return { daemon, pid, ...JSON.parse(place.read('seen')) }
}

test.serial('limits are those that were asked for, soft and hard', async (t) => {
  const { limits } = await seen(folder(t), {
    limits: { nofile: [512, 1024], nproc: 5_000, fsize: 1e9, cpu: 3_600 },
  })
  t.deepEqual(limits['Max open files'], ['512', '1024'])
  t.deepEqual(limits['Max processes'], ['5000', '5000'])
  t.deepEqual(limits['Max file size'], ['1000000000', '1000000000'])
  t.deepEqual(limits['Max cpu time'], ['3600', '3600'])
})

// An emulator keeps the limits of memory for its own program.
needs('processor of its own')('the stack has a limit, too', async (t) => {
  const { limits } = await seen(folder(t), { limits: { stack: [4_194_304, 8_388_608] } })
  t.deepEqual(limits['Max stack size'], ['4194304', '8388608'])
})

test.serial("without limits they are the launcher's, but for core files", async (t) => {
  const { limits } = await seen(folder(t), {})
  const own = readFileSync('/proc/self/limits', 'utf8').match(/^Max open files +(\S+) +(\S+)/m)
  t.deepEqual(limits['Max open files'], own.slice(1, 3))
  t.deepEqual(limits['Max core file size'], ['0', '0'])
})

test.serial('coreDumps leaves the core limit as high as it may be', async (t) => {
  const { limits } = await seen(folder(t), { coreDumps: true })
  const [hard] = readFileSync('/proc/self/limits', 'utf8')
    .match(/^Max core file size +\S+ +(\S+)/m)
    .slice(1)
  t.deepEqual(limits['Max core file size'], [hard, hard])
})

needs('root', 'CAP_SYS_RESOURCE')('root raises hard limits; Infinity is none', async (t) => {
  const place = folder(t)
  const { limits } = await seen(place, { limits: { memlock: Number.POSITIVE_INFINITY, nofile: 2 ** 17 } })
  t.deepEqual(limits['Max locked memory'], ['unlimited', 'unlimited'])
  t.deepEqual(limits['Max open files'], ['131072', '131072'])
})

needs('root', 'CAP_SYS_RESOURCE')('even root cannot raise nofile above what the kernel has', async (t) => {
  const place = folder(t)
  const nofile = Number(readFileSync('/proc/sys/fs/nr_open', 'utf8')) + 1
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, limits: { nofile } })
  t.like(await t.throwsAsync(daemon.start(), OPTION), { option: 'limits.nofile', value: nofile })
  t.false(existsSync(place.file('a.pid')))
})

test.serial('nice and oomScoreAdj are set', async (t) => {
  const { nice, oomScoreAdj } = await seen(folder(t), { nice: 7, oomScoreAdj: 321 })
  t.is(nice, 7)
  t.is(oomScoreAdj, 321)
})

test.serial(
  'kept descriptors keep their numbers, and reach children; what else was open does not',
  async (t) => {
    const place = folder(t)
    const kept = [openSync(place.write('one', 'one'), 'r'), openSync(place.write('two', 'two'), 'r')]
    const other = openSync(place.write('other', ''), 'r')
    t.teardown(() => [...kept, other].forEach(closeSync))
    const { fds, pid } = await seen(place, { keepFds: kept }, INSIDE)
    const found = fds.filter(({ target }) => target.startsWith(place.path) && !target.endsWith('a.pid'))
    t.deepEqual(
      found.map(({ fd, target }) => [fd, target]),
      [
        [kept[0], place.file('one')],
        [kept[1], place.file('two')],
      ],
    )
    t.true(found.every(({ closesOnExec }) => !closesOnExec))
    const others = fds.filter(({ fd }) => fd > 2 && !kept.includes(fd))
    t.true(others.every(({ closesOnExec }) => closesOnExec))
    t.is(readlinkSync(`/proc/${pid}/fd/${kept[0]}`), place.file('one'))
  },
)

needs('bash')('descriptors 3 and 4 can be kept, too: lock and channel make room', async (t) => {
  const place = folder(t)
  const program = place.write(
    'start.mjs',
    `import { Daemon } from "DAIMON"
     const [script, seen] = process.argv.slice(2)
     await new Daemon({ pidFile: 'a.pid', script, scriptArgs: [seen], keepFds: [3, 4, 5] }).start()`,
  )
  const shell = 'exec 3<three 4<four 5<five && exec "$@"'
  for (const name of ['three', 'four', 'five']) place.write(name, name)
  const args = ['-c', shell, 'bash', process.execPath, program, INSIDE, place.file('seen')]
  t.like(await place.command('bash', args), { code: 0, stderr: '' })
  const { fds } = JSON.parse(place.read('seen'))
  const target = (wanted) => fds.find(({ fd }) => fd === wanted).target
  t.deepEqual([3, 4, 5].map(target), ['three', 'four', 'five'].map(place.file))
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  t.is((await daemon.status()).state, 'running')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

test.serial('a kept descriptor that is not open is refused', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, keepFds: [987] })
  t.like(await t.throwsAsync(daemon.start(), OPTION), { option: 'keepFds', value: [987] })
  t.false(existsSync(place.file('a.pid')))
})

const onLinux = process.platform === 'linux' ? test.serial : test.serial.skip

onLinux("a kept descriptor that is Node's own is refused, with what to do", async (t) => {
  const place = folder(t)
  // The folder's own descriptor is closed by then.
  const targetOf = (fd) => (existsSync(`/proc/self/fdinfo/${fd}`) ? readlinkSync(`/proc/self/fd/${fd}`) : '')
  const fds = readdirSync('/proc/self/fd').map(Number)
  const fd = fds.find((one) => targetOf(one) === 'anon_inode:[eventpoll]')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, keepFds: [fd] })
  const error = await t.throwsAsync(daemon.start(), OPTION)
  t.like(error, { option: 'keepFds', value: [fd] })
  t.regex(
    error.message,
    /Node\.js itself, for its event loop\. Start this process with \d+ open: node FILE \d+>>/,
  )
  t.false(existsSync(place.file('a.pid')))
})

test.serial('a limit that stops the daemon from booting is a failed start', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, limits: { as: 1e6 } })
  await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.deepEqual(place.processes(), [])
})

test.serial('stopGroup signals the shells and workers of the daemon, too', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { spawn } from 'node:child_process'
     import { writeFileSync } from 'node:fs'
     const child = spawn('sh', ['-c', 'sleep 1000; true'], { stdio: 'ignore' })
     writeFileSync('child', String(child.pid))
     setInterval(() => {}, 1e6)`,
  )
  const options = { pidFile: place.file('a.pid'), script, cwd: place.path }
  const plain = new Daemon(options)
  await plain.start()
  await until(() => place.processes().length === 3, 'the shell and its sleep')
  await plain.stop()
  t.is(place.processes().length, 2, 'both live on')
  const daemon = new Daemon({ ...options, stopGroup: true })
  await daemon.start()
  await until(() => place.processes().length === 5, 'the second shell and its sleep')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  await until(() => place.processes().length === 2, 'the end of the group')
})

needs('setsid')(
  'stopGroup leaves the siblings of a foreground alone, though it shares its session',
  async (t) => {
    const place = folder(t)
    const program = place.write(
      'a.mjs',
      `import { Daemon } from "DAIMON"
     await new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) }).foreground()`,
    )
    // The session's leader is gone, as cron's and ssh's shells are.
    const shell = `sleep 1000 & echo $! > sibling; ${process.execPath} ${program} & exit`
    await place.command('setsid', ['-f', 'sh', '-c', shell], { stdio: 'ignore' })
    const daemon = new Daemon({ pidFile: place.file('a.pid'), stopGroup: true })
    await until(async () => (await daemon.status()).state === 'running', 'the foreground')
    const sibling = Number(place.read('sibling'))
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    t.true(alive(sibling))
  },
)

for (const [title, options, option, value] of [
  ['an unknown limit', { limits: { files: 1 } }, 'limits', 'files'],
  ['a limit that is no number', { limits: { nofile: '1k' } }, 'limits.nofile', '1k'],
  ['a soft limit above the hard one', { limits: { nofile: [2, 1] } }, 'limits.nofile', [2, 1]],
  ['three limits', { limits: { nofile: [1, 2, 3] } }, 'limits.nofile', [1, 2, 3]],
  ['a negative limit', { limits: { nofile: -1 } }, 'limits.nofile', -1],
  ['a core limit without core dumps', { limits: { core: 1 } }, 'limits.core', 1],
  ['a nice value out of range', { nice: 20 }, 'nice', 20],
  ['a score out of range', { oomScoreAdj: 1001 }, 'oomScoreAdj', 1001],
  ['a standard descriptor', { keepFds: [2] }, 'keepFds', [2]],
  ['a descriptor that is no number', { keepFds: ['3'] }, 'keepFds', ['3']],
  ['no array of descriptors', { keepFds: 3 }, 'keepFds', 3],
  ['an empty user', { user: '' }, 'user', ''],
  ['a negative user', { user: -1 }, 'user', -1],
  ['a user with a colon', { user: 'a:b' }, 'user', 'a:b'],
  ['stopGroup that is no boolean', { stopGroup: 1 }, 'stopGroup', 1],
  ['coreDumps that is no boolean', { coreDumps: 1 }, 'coreDumps', 1],
]) {
  test(`refused by the constructor: ${title}`, (t) => {
    const error = t.throws(() => new Daemon({ name: 'a', ...options }), OPTION)
    t.is(error.option, option)
    t.deepEqual(error.value, value)
  })
}
