// The kernel tells when a log is written to: an idle daemon sleeps, and what comes at once is seen at once.
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { content, fixture, folder, until } from '../helpers/index.js'
import { found, sleeps, writesTo } from '../helpers/logs.js'
import { needs } from '../helpers/needs.js'

const MAX = 100_000
/** As long as the kernel must not wake a thread that has nothing to do, in milliseconds. */
const LONG = 10_000
/** A burst that nobody rotates ends with this. */
const MOST = 300_000_000

/** A Daemon whose bursts are told in the file `told`. */
function burster(place, options = {}) {
  const file = options.file ?? place.file('a.log')
  const scriptArgs = [file, String(MAX), String(options.most ?? MOST), place.file(options.told ?? 'told')]
  const log = { file, maxSize: MAX, keep: 3, ...options.log }
  const { user, group } = options
  const rights = user === undefined ? {} : { user, group }
  return new Daemon({
    pidFile: place.file('a.pid'),
    script: fixture('logs/burst.js'),
    scriptArgs,
    log,
    ...rights,
  })
}

/** Until it has slept through a while, in milliseconds. */
async function quiet(pid, time = 300) {
  await until(async () => {
    const before = await sleeps(pid)
    await delay(time)
    return (await sleeps(pid)) === before
  }, 'quiet')
}

/** One burst: how much was written, whether it was rotated, and how long after the log was full. */
async function burst(place, daemon, name = 'told') {
  const before = JSON.parse(content(place.file(name)) ?? '{ "bursts": 0 }')
  await daemon.signal('SIGUSR2')
  return await until(() => {
    const text = content(place.file(name))
    const told = text ? JSON.parse(text) : before
    return told.bursts > before.bursts && told
  }, 'the burst')
}

async function bursts(place, daemon, pid, name) {
  const seen = []
  for (let number = 0; number < 5; number++) {
    await quiet(pid)
    seen.push(await burst(place, daemon, name))
  }
  return seen
}

const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** They are rotated as they come, not at the next of some looks. */
function checkBursts(t, seen) {
  t.true(seen.every(({ rotated }) => rotated))
  const time = middle(seen.map((told) => told.time))
  t.true(time < 200, `${time} ms`)
}

test.serial('the thread of the rotation sleeps as long as nothing is written', async (t) => {
  const place = folder(t)
  const daemon = burster(place)
  const { pid } = await daemon.start()
  await burst(place, daemon)
  await quiet(pid)
  const before = await sleeps(pid)
  await delay(LONG)
  t.is((await sleeps(pid)) - before, 0)
  await daemon.stop()
})

test.serial('a burst after a quiet time is rotated at once, even while JavaScript is blocked', async (t) => {
  const place = folder(t)
  const daemon = burster(place)
  const { pid } = await daemon.start()
  const seen = await bursts(place, daemon, pid)
  checkBursts(t, seen)
  // No more than what was written meanwhile is above the size.
  t.true(seen.every(({ written }) => written < MOST))
  await daemon.stop()
})

test.serial(
  'a single write that is large enough is rotated, after a quiet time and after another',
  async (t) => {
    const place = folder(t)
    const script = place.write(
      'a.mjs',
      `import { writeSync } from 'node:fs'
     process.on('SIGUSR2', () => writeSync(1, 'x'.repeat(${MAX})))
     setInterval(() => {}, 1e6)`,
    )
    const log = { file: place.file('a.log'), maxSize: MAX, keep: 9 }
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script, log })
    const { pid } = await daemon.start()
    for (let number = 1; number < 5; number++) {
      if (number % 2 === 0) await quiet(pid)
      await daemon.signal('SIGUSR2')
      await until(() => existsSync(place.file(`a.log.${number}`)), 'the rotation')
      t.is((await found(place.file('a.log'))).size, 0)
      await writesTo(pid, place.file('a.log'))
    }
    await daemon.stop()
  },
)

test.serial('a log that logrotate has renamed is watched again once it has been opened again', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  const daemon = burster(place, { most: 3 * MAX })
  const { pid } = await daemon.start()
  await quiet(pid)
  renameSync(file, place.file('renamed'))
  t.like(await burst(place, daemon), { rotated: false, written: 3 * MAX })
  await daemon.reload()
  await until(() => existsSync(file), 'the new log')
  const next = await burst(place, daemon)
  await until(() => existsSync(`${file}.1`), 'the rotation')
  t.true(next.written <= 3 * MAX)
  t.is(statSync(place.file('renamed')).size, 3 * MAX)
  await daemon.stop()
})

for (const [what, lose] of [
  ['removed', (file) => rmSync(file)],
  [
    'moved to another file system',
    (file, other) => {
      copyFileSync(file, `${other}/a.log`)
      rmSync(file)
    },
  ],
  [
    'renamed, and its name given to another file',
    (file) => {
      renameSync(file, `${file}.old`)
      copyFileSync('/dev/null', file)
    },
  ],
]) {
  test.serial(`a log that has been ${what} is watched again once it has been opened again`, async (t) => {
    const place = folder(t)
    const other = mkdtempSync('/dev/shm/daimon-test-')
    t.teardown(() => rmSync(other, { recursive: true }))
    const file = place.file('a.log')
    const daemon = burster(place)
    const { pid } = await daemon.start()
    await quiet(pid)
    lose(file, other)
    await quiet(pid)
    await daemon.reload()
    await until(() => statSync(file, { throwIfNoEntry: false })?.nlink === 1, 'the new log')
    checkBursts(t, await bursts(place, daemon, pid))
    await daemon.stop()
  })
}

test.serial('a log that comes back under its name is watched again', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  const daemon = burster(place)
  const { pid } = await daemon.start()
  await quiet(pid)
  renameSync(file, place.file('away'))
  await quiet(pid)
  renameSync(place.file('away'), file)
  checkBursts(t, await bursts(place, daemon, pid))
  await daemon.stop()
})

test.serial('a log that grows slowly is rotated, too', async (t) => {
  const place = folder(t)
  const script = place.write('a.mjs', "setInterval(() => console.log('x'.repeat(99)), 7)")
  const log = { file: place.file('a.log'), maxSize: 5_000 }
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, log })
  await daemon.start()
  await until(() => existsSync(place.file('a.log.2')), 'two rotations')
  t.true(statSync(place.file('a.log.2')).size < 10_000)
  await daemon.stop()
})

for (const limit of ['max_inotify_watches', 'max_inotify_instances']) {
  needs('user namespaces')(
    `where the kernel has no ${limit} left, it is looked at from time to time`,
    async (t) => {
      const place = folder(t)
      const program = place.write(
        'program.mjs',
        `import { daemonize } from "DAIMON"
       await daemonize({ pidFile: 'a.pid', log: { file: 'a.log', maxSize: 1000 } })
       process.on('SIGUSR2', () => console.log('x'.repeat(1000)))
       setInterval(() => {}, 1e6)`,
      )
      const script = `echo 0 > /proc/sys/user/${limit} && exec "$0" "$1"`
      t.like(await place.command('unshare', ['-Ur', 'sh', '-c', script, process.execPath, program]), {
        code: 0,
        stderr: '',
      })
      const pid = Number(place.read('a.pid'))
      const before = await sleeps(pid)
      await until(async () => (await sleeps(pid)) > before + 1, 'two looks')
      for (const number of [1, 2]) {
        process.kill(pid, 'SIGUSR2')
        await until(() => existsSync(place.file(`a.log.${number}`)), 'the rotation')
        await writesTo(pid, place.file('a.log'))
      }
      t.pass()
    },
  )
}

needs('root', 'overlay mounts')(
  'a log in a lower layer of an overlay is watched in the upper one',
  async (t) => {
    const place = folder(t)
    for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(place.file(name))
    place.write('lower/a.log', 'from below\n')
    const script = fixture('logs/bursts.mjs')
    const line = `mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged && exec "$@"`
    const args = [
      script,
      place.file('merged/a.log'),
      place.file('told'),
      fixture('logs/burst.js'),
      String(MAX),
      String(MOST),
    ]
    const { stdout, stderr } = await place.command('unshare', [
      '-m',
      'sh',
      '-c',
      line,
      'sh',
      process.execPath,
      ...args,
    ])
    t.is(stderr, '')
    checkBursts(t, JSON.parse(stdout))
  },
)

/** A folder of a user's, and the options of a Daemon that logs there with that user's rights. */
function ofUser(place) {
  mkdirSync(place.file('own'))
  chownSync(place.file('own'), 65_534, 65_533)
  chmodSync(place.path, 0o755)
  return { file: place.file('own/a.log'), told: 'own/told', user: 65_534, group: 65_533 }
}

needs('root', 'processor of its own')("a daemon with a user's rights sleeps and sees alike", async (t) => {
  const place = folder(t)
  const daemon = burster(place, ofUser(place))
  const { pid } = await daemon.start()
  checkBursts(t, await bursts(place, daemon, pid, 'own/told'))
  await quiet(pid, 2_000)
  await daemon.stop()
})

needs('root', 'processor of its own')(
  'a log that its daemon may not read is looked at from time to time',
  async (t) => {
    const place = folder(t)
    const options = ofUser(place)
    chmodSync(place.write('own/a.log', ''), 0o622)
    const daemon = burster(place, { ...options, most: 2 * MAX })
    const { pid } = await daemon.start()
    const before = await sleeps(pid)
    await until(async () => (await sleeps(pid)) > before + 1, 'two looks')
    await burst(place, daemon, 'own/told')
    await until(() => existsSync(`${options.file}.1`), 'the rotation')
    await daemon.stop()
    t.pass()
  },
)
