// Whatever way a start fails, what the half-started daemon has started ends with it, but for what has left its group.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import {
  alive,
  content,
  fixture,
  folder,
  kill,
  longEnough,
  ROOT,
  stat,
  threads,
  until,
} from '../helpers/index.js'

/** Not much longer than a family takes to be there on an idle machine, in milliseconds. */
const SHORT = 3_000
const BIN = join(ROOT, 'dist/bin.js')
/** In which a daemon has long been told of the end of its launcher, in milliseconds. */
const TOLD = 200

const family = (place, how, options = {}) =>
  new Daemon({
    pidFile: place.file('a.pid'),
    script: fixture('launcher/family.mjs'),
    scriptArgs: [how, 'stubborn'],
    cwd: place.path,
    stopTimeout: 300,
    ...options,
  })

const members = (place) => until(() => content(place.file('family')), 'the family').then(JSON.parse)

/** Who of them lives on. */
const living = ({ inside, daemon }) => Object.entries({ ...inside, daemon }).filter(([, pid]) => alive(pid))

/** No process but the one that has left, and no pidfile. */
async function nothingLeft(t, place, found) {
  t.deepEqual(living(found), [])
  t.deepEqual(place.processes(), [found.session], 'whoever has made a session of its own lives on')
  t.is(content(place.file('a.pid')), undefined)
  kill(found.session)
}

for (const how of ['throw', 'later', 'exit', 'killed']) {
  test.serial(
    `a daemon that fails before it is ready (${how}) leaves nothing that it has started`,
    async (t) => {
      const place = folder(t)
      await t.throwsAsync(family(place, how).start(), { code: 'ERR_DAEMON_START_FAILED' })
      await nothingLeft(t, place, await members(place))
    },
  )
}

for (const how of ['hang', 'blocked']) {
  test.serial(`a daemon that is not ready in time (${how}) leaves nothing that it has started`, async (t) => {
    const place = folder(t)
    const start = family(place, how, { readyTimeout: await longEnough(place, SHORT) }).start()
    await t.throwsAsync(start, { code: 'ERR_DAEMON_READY_TIMEOUT' })
    await nothingLeft(t, place, await members(place))
  })

  test.serial(`nor does one whose start is aborted (${how})`, async (t) => {
    const place = folder(t)
    const controller = new AbortController()
    const start = family(place, how).with({ signal: controller.signal }).start()
    const found = await members(place)
    controller.abort(new Error('enough'))
    await t.throwsAsync(start, { message: 'enough' })
    await nothingLeft(t, place, found)
  })

  test.serial(`nor one whose command is interrupted (${how})`, async (t) => {
    const place = folder(t)
    const args = [
      'start',
      '--pid-file',
      'a.pid',
      '--stop-timeout',
      '300',
      fixture('launcher/family.mjs'),
      '--',
      how,
    ]
    const command = place.spawn([BIN, ...args, 'stubborn'])
    const found = await members(place)
    command.child.kill('SIGINT')
    t.is((await command.done).code, 130)
    await nothingLeft(t, place, found)
  })

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL']) {
    test.serial(`nor one whose launcher ${signal} ends (${how})`, async (t) => {
      const place = folder(t)
      const program = place.write(
        'launcher.mjs',
        `import { Daemon } from "DAIMON"
         const [script, how] = process.argv.slice(2)
         await new Daemon({ pidFile: 'a.pid', script, scriptArgs: [how, 'stubborn'] }).start()`,
      )
      const launcher = place.spawn([program, fixture('launcher/family.mjs'), how])
      const found = await members(place)
      launcher.child.kill(signal)
      t.is((await launcher.done).signal, signal)
      await until(() => living(found).length === 0, 'the end of all')
      // The process that has ended them ends after them.
      await until(() => place.processes().length === 1, 'the end of the guard')
      t.deepEqual(place.processes(), [found.session])
    })
  }
}

test.serial('nor does one whose children hand over to others all the time', async (t) => {
  const place = folder(t)
  const script = place.write(
    'relay.mjs',
    `import { spawn } from 'node:child_process'
     import { once } from 'node:events'
     const first = () => spawn('sh', [process.argv[2], '3000'], { stdio: 'ignore' })
     await Promise.all(Array.from({ length: 4 }, () => once(first(), 'exit')))
     throw new Error('boom')`,
  )
  for (let times = 0; times < 3; times++) {
    const pidFile = place.file('a.pid')
    const daemon = new Daemon({
      pidFile,
      script,
      scriptArgs: [fixture('launcher/relay.sh')],
      stopTimeout: 300,
    })
    await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED', message: /boom$/ })
    t.deepEqual(place.processes(), [])
  }
})

test.serial('nor does one that starts others when its launcher has been killed', async (t) => {
  const place = folder(t)
  const script = place.write(
    'late.mjs',
    `import { spawn } from 'node:child_process'
     import { existsSync, writeFileSync } from 'node:fs'
     writeFileSync('daemon', String(process.pid))
     while (!existsSync('go'));
     spawn('sh', ['-c', 'trap "" TERM; echo > kid; sleep 1000 & wait; wait; sleep 1000'], { stdio: 'ignore' })
     while (!existsSync('kid'));
     await new Promise((resolve) => setTimeout(resolve, 1e6))`,
  )
  const program = place.write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     await new Daemon({ pidFile: 'a.pid', script: process.argv[2] }).start()`,
  )
  const launcher = place.spawn([program, script])
  const pid = Number(await until(() => content(place.file('daemon')), 'the daemon'))
  launcher.child.kill('SIGKILL')
  await launcher.done
  // By then it has been told to stop, which its event loop does not know yet.
  await delay(TOLD)
  place.write('go', '')
  await until(() => !alive(pid), 'the end of the daemon')
  await until(() => place.processes().length === 0, 'the end of what it has started')
  t.is(content(place.file('a.pid')), undefined)
})

test.serial('the lock is free when the daemon has ended with its launcher, whoever is left', async (t) => {
  const place = folder(t)
  const program = place.write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     const script = process.argv[2]
     await new Daemon({ pidFile: 'a.pid', script, scriptArgs: ['hang', 'stubborn'] }).start()`,
  )
  const launcher = place.spawn([program, fixture('launcher/family.mjs')])
  const { inside, daemon } = await members(place)
  launcher.child.kill('SIGKILL')
  await until(() => !alive(daemon), 'the end of the daemon')
  const { state } = await new Daemon({ pidFile: place.file('a.pid') }).status()
  t.true(alive(inside.stubborn), 'it is left when the look is taken')
  t.is(state, 'stopped')
  await until(() => !alive(inside.stubborn), 'the end of all')
})

test.serial('children that end of SIGTERM are given the time to', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { spawn } from 'node:child_process'
     import { once } from 'node:events'
     const save = "trap 'sleep 0.5; echo saved > saved; exit' TERM; echo; while :; do sleep 0.05; done"
     await once(spawn('sh', ['-c', save], { stdio: ['ignore', 'pipe', 'ignore'] }).stdout, 'data')
     process.exit(3)`,
  )
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path })
  await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(content(place.file('saved')), 'saved\n')
  t.deepEqual(place.processes(), [])
})

test.serial('a daemon that is ready keeps its children when its launcher is killed', async (t) => {
  const place = folder(t)
  const script = place.write(
    'a.mjs',
    `import { spawn } from 'node:child_process'
     spawn('sleep', ['1000'], { stdio: 'ignore' })
     setInterval(() => {}, 1e6)`,
  )
  const program = place.write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     console.log((await new Daemon({ pidFile: 'a.pid', log: 'a.log', script: process.argv[2] }).start()).pid)
     setInterval(() => {}, 1e6)`,
  )
  const launcher = place.spawn([program, script])
  await until(() => launcher.output().stdout, 'ready')
  const pid = Number(launcher.output().stdout)
  const before = place.processes().filter((pid) => pid !== launcher.pid)
  t.is(before.length, 2)
  launcher.child.kill('SIGKILL')
  await launcher.done
  await until(() => threads('daimon-launcher', pid) === 0, 'the end of the thread that watches the launcher')
  t.deepEqual(place.processes().sort(), before.sort())
})

for (const [what, ends] of [
  ['a worker that ends takes its half-started daemon along', false],
  ['so it does with what is left of one that has ended unheard', true],
]) {
  test.serial(what, async (t) => {
    const place = folder(t)
    const workerData = {
      pidFile: place.file('a.pid'),
      script: fixture('launcher/family.mjs'),
      cwd: place.path,
      up: place.file('family'),
    }
    const worker = new Worker(fixture('launcher/worker.mjs'), { workerData })
    const found = await members(place)
    if (ends) {
      kill(found.daemon)
      await until(() => !alive(found.daemon), 'the end of the daemon')
    }
    await worker.terminate()
    await until(() => place.processes().length === 1, 'the end of all')
    await until(() => threads('daimon-group') === 0, 'the end of the thread that has ended them')
    t.deepEqual(living(found), [])
    t.deepEqual(place.processes(), [found.session])
    await until(() => children().length === 0, 'no child is left')
  })
}

/** The children of this process, of whatever state. */
const children = () =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name) && stat(name)?.ppid === process.pid)

/** What this process has open, and its children. */
const possessions = () => ({
  descriptors: readdirSync('/proc/self/fd').length,
  children: children(),
})

const THREADS = ['daimon-poller', 'daimon-launch', 'daimon-group']
const idle = () => until(() => THREADS.every((name) => threads(name) === 0), 'the end of all threads')

test.serial('a failed start leaves no descriptor, thread, child or file in its launcher', async (t) => {
  const place = folder(t)
  const script = fixture('launcher/family.mjs')
  const start = (options) => new Daemon({ pidFile: place.file('a.pid'), script, ...options }).start()
  const aborting = () => family(place, 'hang').with({ signal: AbortSignal.timeout(500) })
  const failed = 'ERR_DAEMON_START_FAILED'
  const starts = {
    throw: [() => family(place, 'throw').start(), failed],
    exit: [() => family(place, 'exit').start(), failed],
    killed: [() => family(place, 'killed').start(), failed],
    hang: [() => family(place, 'hang', { readyTimeout: 500 }).start(), 'ERR_DAEMON_READY_TIMEOUT'],
    abort: [() => aborting().start(), DOMException.TIMEOUT_ERR],
    syntax: [() => start({ script: fixture('invalid/syntax.mjs') }), failed],
    exec: [() => start({ execPath: place.file('none') }), 'ERR_DAEMON_INVALID_OPTION'],
  }
  await t.throwsAsync(starts.exit[0](), { code: failed })
  await idle()
  const before = possessions()
  for (const [how, [begin, code]] of Object.entries(starts)) {
    t.is((await t.throwsAsync(begin(), { any: true }, how)).code, code, how)
    await idle()
    t.deepEqual(possessions(), before, how)
    t.is(content(place.file('a.pid')), undefined, how)
    t.deepEqual(
      readdirSync(place.path).filter((name) => name !== 'family'),
      [],
      how,
    )
  }
})
