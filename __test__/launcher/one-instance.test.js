import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { AlreadyRunningError, Daemon, send } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { alive, content, fixture, folder, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { canary, idle } from '../helpers/pidfile.js'

test.serial('a second start is refused with the running PID and leaves the pidfile as it was', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  const before = [readFileSync(file('a.pid')), statSync(file('a.pid'), { bigint: true })]
  const error = await t.throwsAsync(daemon.start('serve'), { instanceOf: AlreadyRunningError })
  t.like(error, { code: 'ERR_DAEMON_ALREADY_RUNNING', pid, pidFile: file('a.pid') })
  const { ino, mode, mtimeNs, ctimeNs } = statSync(file('a.pid'), { bigint: true })
  t.deepEqual(readFileSync(file('a.pid')), before[0])
  t.like(before[1], { ino, mode, mtimeNs, ctimeNs })
  t.deepEqual(processes(), [pid])
})

test.serial(
  'of eight starts at once exactly one succeeds, the others name it, while the status is polled',
  async (t) => {
    const place = folder(t)
    const program = place.write(
      'a.mjs',
      `import { Daemon } from "DAIMON"
       const daemon = new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) })
       await daemon.start().then(
         ({ pid }) => console.log('started', pid),
         ({ code, pid }) => console.log(code, pid),
       )`,
    )
    const control = new Daemon({ pidFile: place.file('a.pid') })
    let stale = ''
    for (let round = 0; round < 6; round++) {
      const poll = place.spawn([fixture('launcher/poller.mjs')])
      await until(() => poll.output().stdout === '\n', 'the poller')
      const runs = await Promise.all(Array.from({ length: 8 }, () => place.node([program])))
      poll.child.stdin.end()
      const seen = JSON.parse((await poll.done).stdout)

      const answers = runs.map(({ stdout, stderr }) => stdout.trim() || stderr)
      const started = answers.filter((answer) => answer.startsWith('started'))
      t.is(started.length, 1, answers.join('\n'))
      const pid = Number(started[0].split(' ')[1])
      const refused = answers.filter((answer) => answer === `ERR_DAEMON_ALREADY_RUNNING ${pid}`)
      t.is(refused.length, 7, answers.join('\n'))
      t.deepEqual(place.processes(), [pid])
      t.is(place.read('a.pid'), `${pid}\n`)

      t.deepEqual(seen.errors, [])
      t.deepEqual(seen.running, [pid], 'nobody else is ever taken for the daemon')
      const texts = ['', stale, `${pid}\n`]
      t.deepEqual(
        seen.texts.filter((text) => !texts.includes(text)),
        [],
        'no other text is ever seen, nor half of one',
      )
      t.true(seen.looks > 10)

      // Every other round begins with what a crash leaves.
      if (round % 2 === 0) {
        kill(pid)
        await control.exited()
        stale = `${pid}\n`
        t.like(await control.status(), { state: 'stopped', stale: true })
      } else {
        await control.stop()
        stale = ''
      }
    }
  },
)

test.serial('several starts at once in one process are several starts', async (t) => {
  const place = folder(t)
  const daemon = idle(place)
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => daemon.start()))
  const [{ value }, ...more] = results.filter(({ status }) => status === 'fulfilled')
  t.deepEqual(more, [])
  const reasons = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason)
  t.deepEqual(
    reasons.map(({ code, pid }) => [code, pid]),
    Array.from({ length: 4 }, () => ['ERR_DAEMON_ALREADY_RUNNING', value.pid]),
  )
  t.deepEqual(place.processes(), [value.pid])
})

test.serial('daemons of different pidfiles live side by side, and are stopped one by one', async (t) => {
  const { file, processes } = folder(t)
  const both = ['a.pid', 'b.pid'].map((name) => body({ pidFile: file(name) }))
  const [one, other] = await Promise.all(both.map((daemon) => daemon.start('serve')))
  t.not(one.pid, other.pid)
  t.is(processes().length, 2)
  await both[0].stop()
  t.deepEqual(processes(), [other.pid])
  t.like(await both[1].status(), { state: 'running', pid: other.pid })
})

test.serial('after SIGKILL the next start takes over', async (t) => {
  const { file, read, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('serve')
  kill(pid)
  await daemon.exited()
  t.is(read('a.pid'), `${pid}\n`)
  const next = await daemon.start('serve')
  t.not(next.pid, pid)
  t.is(read('a.pid'), `${next.pid}\n`)
  t.deepEqual(processes(), [next.pid])
})

test.serial('a stale file that names a living stranger: the start works', async (t) => {
  const place = folder(t)
  const stranger = await canary(place)
  writeFileSync(place.file('a.pid'), `${stranger}\n`)
  const daemon = body({ pidFile: place.file('a.pid') })
  const { pid } = await daemon.start('serve')
  t.not(pid, stranger)
  t.is(place.read('a.pid'), `${pid}\n`)
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.true(alive(stranger))
})

test.serial('a stale file that names a living stranger: no verb touches that', async (t) => {
  const place = folder(t)
  const stranger = await canary(place)
  writeFileSync(place.file('a.pid'), `${stranger}\n`)
  const daemon = body({ pidFile: place.file('a.pid') })
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: place.file('a.pid'), stale: true })
  t.like(await daemon.stop(), { wasRunning: false, forced: false })
  t.like(await daemon.stop({ stopSignal: 'SIGKILL' }), { wasRunning: false })
  t.deepEqual(await daemon.exited(), {})
  for (const verb of [
    () => daemon.signal('SIGKILL'),
    () => daemon.reload(),
    () => send(place.file('a.pid'), 'SIGKILL'),
  ]) {
    await t.throwsAsync(verb(), { code: 'ERR_DAEMON_NOT_RUNNING' })
  }
  const { pid } = await daemon.restart('serve')
  t.deepEqual(place.processes().sort(), [stranger, pid].sort())
})

needs('removal of open files')(
  'a daemon whose pidfile was deleted does not remove the file of its successor',
  async (t) => {
    const place = folder(t)
    const daemon = idle(place)
    const first = await daemon.start()
    rmSync(place.file('a.pid'))
    const second = await daemon.start()
    kill(first.pid, 'SIGTERM')
    await until(() => !alive(first.pid), 'the end of the first')
    t.is(content(place.file('a.pid')), `${second.pid}\n`)
    t.like(await daemon.status(), { state: 'running', pid: second.pid })
  },
)
