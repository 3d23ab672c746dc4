// Rotations: nothing is lost, and as much is kept as was asked for.
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statSync,
} from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { content, folder, threads, until } from '../helpers/index.js'
import {
  checkLines,
  found,
  mode,
  sleeps,
  teller,
  tellUntil,
  texts,
  writer,
  writesTo,
  written,
} from '../helpers/logs.js'

const logs = (place) =>
  readdirSync(place.path)
    .filter((name) => /^\.?a\.log/.test(name))
    .sort()

test.serial(
  'every line is whole and in exactly one file, over many rotations as fast as it can write',
  async (t) => {
    const place = folder(t)
    const log = { file: place.file('a.log'), maxSize: 20_000, keep: 999 }
    const daemon = writer(place, { least: 200_000, enough: place.file('a.log.50'), log })
    const { pid } = await daemon.start()
    const count = await written(place)
    const outputs = [1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    t.deepEqual(outputs, [log.file, log.file])
    t.like(await daemon.stop(), { forced: false })
    checkLines(t, texts(place), count)
    t.true(logs(place).length > 50)
    t.false(logs(place).some((name) => name.startsWith('.')))
  },
)

test.serial('the same with compression of all but the newest', async (t) => {
  const place = folder(t)
  const log = { file: place.file('a.log'), maxSize: 20_000, keep: 999, compress: true }
  const daemon = writer(place, { least: 200_000, enough: place.file('a.log.50.gz'), log })
  await daemon.start()
  const count = await written(place)
  // After the last rotation, which may still be to come.
  const isOver = () => content(log.file)?.length <= log.maxSize
  const isPlain = (name) => /^\.|log\.([2-9]|\d\d+)$/.test(name)
  await until(() => isOver() && !logs(place).some(isPlain) && isOver(), 'the compression')
  await daemon.stop()
  checkLines(t, texts(place), count)
  const names = logs(place)
  t.deepEqual(
    names.filter((name) => !name.endsWith('.gz')),
    ['a.log', 'a.log.1'],
  )
  t.is(await mode(place.file('a.log.2.gz')), 0o640)
})

test.serial('no more than `keep` rotated logs are left, of an earlier keep neither', async (t) => {
  const place = folder(t)
  for (const number of [1, 2, 3, 4]) place.write(`a.log.${number}`, `${number}`)
  place.write('a.log.7', 'beyond a gap')
  const daemon = teller(place, { log: { file: place.file('a.log'), maxSize: 100, keep: 2 } })
  const { pid } = await daemon.start()
  for (const number of [1, 2]) {
    await daemon.signal('SIGUSR2')
    await until(() => content(place.file(`a.log.${number}`))?.startsWith('0..'), `rotation ${number}`)
    await writesTo(pid, place.file('a.log'))
  }
  await found(place.file('a.log'))
  t.deepEqual(logs(place), ['a.log', 'a.log.1', 'a.log.2', 'a.log.7'])
})

test.serial('a rotation that fails is told once, loses nothing, and succeeds later', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  mkdirSync(`${file}.1`)
  const daemon = teller(place, { log: { file, maxSize: 100, keep: 1 } })
  await daemon.start()
  const complaints = () => place.read('a.log').split('daimon: the log cannot be rotated').length - 1
  await tellUntil(daemon, () => complaints() > 0, 'the complaint')
  t.regex(place.read('a.log'), /cannot be rotated: .*a\.log\.1: cannot be removed \(unlink: EISDIR/)
  // Each try makes the new file first.
  const seen = statSync(place.path).mtimeMs
  await until(() => statSync(place.path).mtimeMs > seen, 'another try')
  rmdirSync(`${file}.1`)
  await until(() => content(`${file}.1`)?.includes('daimon: '), 'the rotation')
  t.regex(place.read('a.log.1'), /^0\.{98}\n/)
  t.is(place.read('a.log.1').split('daimon: ').length, 2)
  await found(file)
  t.deepEqual(logs(place), ['a.log', 'a.log.1'])
})

test.serial('a log that somebody else has renamed is left alone until it is opened again', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  const daemon = teller(place, { log: { file, maxSize: 300 } })
  const { pid } = await daemon.start()
  renameSync(file, place.file('mine'))
  place.write('a.log', 'x'.repeat(1_000))
  await tellUntil(daemon, () => place.read('mine').length > 2_000, 'more than the size')
  const before = await sleeps(pid)
  const look = async () => {
    appendFileSync(file, 'x')
    return (await sleeps(pid)) > before + 1
  }
  await until(look, 'another look')
  t.deepEqual(logs(place), ['a.log'])
  await daemon.reload()
  await until(() => content(`${file}.1`) !== undefined, 'the rotation')
  t.is(content(`${file}.1`).slice(0, 1_000), 'x'.repeat(1_000))
})

test.serial('what another program appends after a rotation is not written over', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  const daemon = teller(place, { log: { file, maxSize: 1_000, keep: 999 } })
  await daemon.start()
  await tellUntil(daemon, () => content(`${file}.1`) !== undefined, 'the rotation')
  await found(file)
  appendFileSync(file, 'of another program\n')
  const lines = () => texts(place).join('').split('\n').slice(0, -1)
  const before = lines().length
  await tellUntil(daemon, () => lines().length > before, 'another line')
  t.like(await daemon.stop(), { forced: false })
  t.is(lines().filter((line) => line === 'of another program').length, 1)
  t.true(lines().every((line) => line === 'of another program' || /^\d+\.+$/.test(line)))
})

test.serial('a failed start tells what has been written before and after a rotation', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', `${'before'.repeat(100)}\n`)
  const script = place.write(
    'a.mjs',
    `import { existsSync } from 'node:fs'
     console.log('one')
     while (!existsSync(process.argv[2])) await new Promise((resolve) => setTimeout(resolve, 5))
     console.log('two')
     process.exit(3)`,
  )
  const options = { script, scriptArgs: [`${file}.1`], log: { file, maxSize: 100 } }
  const daemon = new Daemon({ pidFile: place.file('a.pid'), ...options })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(error.log, 'one\ntwo')
})

test.serial(
  'the thread of the rotation is there with maxSize alone, and keeps no daemon from ending',
  async (t) => {
    const place = folder(t)
    const file = place.file('a.log')
    const script = place.write(
      'a.mjs',
      "process.on('SIGUSR2', () => clearInterval(timer))\nconst timer = setInterval(() => {}, 1e6)",
    )
    const options = { pidFile: place.file('a.pid'), script }
    for (const [log, count] of [
      [{ file }, 0],
      [{ file, maxSize: 1 }, 1],
    ]) {
      const daemon = new Daemon({ ...options, log })
      const { pid } = await daemon.start()
      // The thread gives itself its name, once it runs.
      if (count > 0) await until(() => threads('daimon-log', pid) > 0, 'the thread')
      t.is(threads('daimon-log', pid), count)
      await daemon.signal('SIGUSR2')
      await daemon.exited()
      t.like(await daemon.status(), { state: 'stopped', stale: false })
    }
  },
)

test.serial('a daemon in the foreground rotates and makes its log alike', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  const program = place.write(
    'program.mjs',
    `import { Daemon } from "DAIMON"
     const log = { file: 'a.log', maxSize: 10, mode: 0o606 }
     const run = () => setInterval(() => console.log('more than ten bytes'), 5)
     await new Daemon({ pidFile: 'a.pid', log, run }).foreground()`,
  )
  const { done } = place.spawn([program], { stdio: 'ignore' })
  await until(() => content(`${file}.2`) !== undefined, 'the rotations')
  t.is(await mode(`${file}.2`), 0o606)
  await new Daemon({ pidFile: place.file('a.pid') }).stop()
  t.like(await done, { code: 0 })
})

test.serial('a script, run() and daemonize() rotate alike', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  const program = place.write(
    'program.mjs',
    `import { daemonize } from "DAIMON"
     await daemonize({ pidFile: 'a.pid', log: { file: 'a.log', maxSize: 10 } })
     console.log('more than ten bytes')
     setInterval(() => {}, 1e6)`,
  )
  t.like(await place.node([program]), { code: 0, stderr: '' })
  await until(() => content(`${file}.1`) !== undefined, 'the rotation')
  await new Daemon({ pidFile: place.file('a.pid') }).stop()
  const module = place.write(
    'module.mjs',
    `import { Daemon } from "DAIMON"
     export const daemon = new Daemon({
       pidFile: ${JSON.stringify(place.file('a.pid'))},
       script: import.meta.url,
       run: () => setInterval(() => console.log('more than ten bytes'), 5),
       log: { file: ${JSON.stringify(place.file('b.log'))}, maxSize: 10 },
     })`,
  )
  const { daemon } = await import(module)
  await daemon.start()
  await until(() => content(place.file('b.log.3')) !== undefined, 'the rotations')
  await daemon.stop()
  t.pass()
})
