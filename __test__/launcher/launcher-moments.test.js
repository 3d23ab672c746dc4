// A launcher that is killed or stopped at any moment of its launch.
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, fixture, folder, kill, stat, until } from '../helpers/index.js'
import { idle } from '../helpers/pidfile.js'

/** About as long as a launch takes, in milliseconds. */
const LAUNCH = 70

const PROGRAM = fixture('launcher/rivals.mjs')

/** The moments of a run come from this number, which it logs: `MOMENTS=NUMBER npx ava …` has the same ones again. */
const SEED = Number(process.env.MOMENTS ?? randomInt(2 ** 31))

/** Numbers from 0 to 1, always the same ones: mulberry32. */
function numbers(t) {
  t.log(`MOMENTS=${SEED}`)
  let state = SEED
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const answer = ({ stdout }) => stdout.replace('go ', '')
const startedPid = (text) => Number(/^started (\d+)$/.exec(text)?.[1])

/** Begins a launch and comes back at some moment of it: early ones, in which most happens, are more frequent. */
async function midway(place, args, number) {
  const launcher = place.spawn([PROGRAM, ...args])
  await until(() => launcher.output().stdout.startsWith('go '), 'the launcher')
  await delay(LAUNCH * number ** 3)
  return launcher
}

async function ends(t, place, pid) {
  await until(() => place.processes().length === 1, 'one daemon')
  t.deepEqual(place.processes(), [pid])
  t.is(place.read('a.pid'), `${pid}\n`)
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true, forced: false })
  t.deepEqual(place.processes(), [])
  t.is(content(place.file('two')), undefined)
}

test.serial(
  'a launcher killed at any moment leaves no daemon and no lock: the next start has it',
  async (t) => {
    const place = folder(t)
    const next = numbers(t)
    for (let round = 0; round < 30; round++) {
      const launcher = await midway(place, ['never', '0'], next())
      kill(launcher.pid)
      await launcher.done
      // What it may have left ends by itself, and any start waits for that.
      const text = answer(await place.node([PROGRAM, 'ready', '0']))
      const pid = startedPid(text)
      t.true(alive(pid), text)
      await ends(t, place, pid)
    }
  },
)

test.serial(
  'a launcher stopped at any moment and continued: of it and its rival exactly one has the daemon',
  async (t) => {
    const place = folder(t)
    const next = numbers(t)
    for (let round = 0; round < 16; round++) {
      const launcher = await midway(place, ['ready', '0'], next())
      kill(launcher.pid, 'SIGSTOP')
      await until(() => !alive(launcher.pid) || stat(launcher.pid)?.state === 'T', 'it is stopped')
      const rival = answer(await place.node([PROGRAM, 'ready', '0']))
      kill(launcher.pid, 'SIGCONT')
      const texts = [answer(await launcher.done), rival]
      const started = texts.filter((text) => text.startsWith('started '))
      t.is(started.length, 1, texts.join(' | '))
      const pid = startedPid(started[0])
      // Stopped under the lock it is nobody's, and the rival cannot know whose it will be: "lock-leaked" under the
      // exclusive one, "contended" under the shared one.
      const refusals = [
        `ERR_DAEMON_ALREADY_RUNNING ${pid}`,
        'ERR_DAEMON_PIDFILE lock-leaked',
        'ERR_DAEMON_PIDFILE contended',
      ]
      const [other] = texts.filter((text) => !started.includes(text))
      t.true(refusals.includes(other), other)
      await ends(t, place, pid)
    }
  },
)

test.serial('a launcher stopped at any moment and then killed keeps no lock', async (t) => {
  const place = folder(t)
  const number = numbers(t)
  for (let round = 0; round < 12; round++) {
    const launcher = await midway(place, ['never', '0'], number())
    kill(launcher.pid, 'SIGSTOP')
    await until(() => !alive(launcher.pid) || stat(launcher.pid)?.state === 'T', 'it is stopped')
    const next = place.spawn([PROGRAM, 'ready', '30000'])
    await until(() => next.output().stdout.startsWith('go '), 'the next launcher')
    kill(launcher.pid)
    await launcher.done
    const text = answer(await next.done)
    const pid = startedPid(text)
    t.true(alive(pid), text)
    await ends(t, place, pid)
  }
})

test.serial('a launcher stopped after the launch does not hold the lock of its daemon', async (t) => {
  const place = folder(t)
  const launcher = place.spawn([PROGRAM, 'never', '0'])
  const pid = await until(() => {
    const found = Number(content(place.file('a.pid')))
    return content(place.file(`body.${found}`)) !== undefined && found
  }, 'the body')
  kill(launcher.pid, 'SIGSTOP')
  await until(() => stat(launcher.pid).state === 'T', 'it is stopped')
  kill(pid)
  await until(() => !alive(pid), 'the end of the daemon')
  const next = startedPid(answer(await place.node([PROGRAM, 'ready', '0'])))
  t.true(alive(next))
  kill(launcher.pid, 'SIGCONT')
  t.is(answer(await launcher.done), 'ERR_DAEMON_START_FAILED')
  // Nor does its cleaning up touch the file of its successor.
  await ends(t, place, next)
})

test.serial(
  'a launcher killed before ready: the very next start works, though the event loop blocks',
  async (t) => {
    const place = folder(t)
    const launcher = place.spawn([fixture('launcher/stuck.mjs')])
    const blocked = await until(() => Number(content(place.file('up'))), 'the body')
    kill(launcher.pid)
    const { pid } = await idle(place).start()
    t.not(pid, blocked)
    t.false(alive(blocked))
    t.deepEqual(place.processes(), [pid])
  },
)

test.serial(
  'a start that meets one under way takes over when that fails, and is told when it does not',
  async (t) => {
    const place = folder(t)
    const first = place.spawn([PROGRAM, 'never', '0'])
    const pid = await until(() => {
      const found = Number(content(place.file('a.pid')))
      return content(place.file(`body.${found}`)) !== undefined && found
    }, 'the body')
    const refusal = await t.throwsAsync(idle(place).start(), { code: 'ERR_DAEMON_ALREADY_RUNNING' })
    t.is(refusal.pid, pid)
    t.regex(refusal.message, /not ready yet/)
    const next = idle(place).start()
    kill(pid)
    t.not((await next).pid, pid)
    t.is(answer(await first.done), 'ERR_DAEMON_START_FAILED')
  },
)
