// How the foreground ends: what its body throws, exit codes, an abort.
import { existsSync } from 'node:fs'
import test from 'ava'
import { body, control, program } from '../helpers/foreground.js'
import { folder, threads, until } from '../helpers/index.js'
import { idle } from '../helpers/pidfile.js'

test.serial(
  "what the body throws before it is ready is the caller's; the pidfile goes with the process",
  async (t) => {
    const place = folder(t)
    const run = `async (daemon) => {
      daemon.onStop(() => console.log('hook'))
      await null
      throw new RangeError('mine')
    }`
    const uncaught = await place.node([program(place, run)])
    t.like(uncaught, { code: 1, stdout: 'hook\n' })
    t.regex(uncaught.stderr, /RangeError: mine/)
    t.false(existsSync(place.file('a.pid')))
    const path = body(
      place,
      `const error = await new Daemon({ pidFile: 'a.pid', run: ${run} }).foreground().catch((error) => error)
     console.log(error instanceof RangeError, error.message)`,
    )
    t.like(await place.node([path]), { code: 1, stdout: 'true mine\nhook\n', stderr: '' })
    t.false(existsSync(place.file('a.pid')))
  },
)

test.serial('what it throws once it is ready ends the process', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const run = async () => {
       await new Promise((resolve) => process.once('go', resolve))
       throw new RangeError('late')
     }
     await new Daemon({ pidFile: 'a.pid', ready: 'running', run }).foreground()
     console.log('ready')
     process.emit('go')`,
  )
  const { code, stdout, stderr } = await place.node([path])
  t.is(code, 1)
  t.is(stdout, 'ready\n')
  t.regex(stderr, /RangeError: late/)
  t.false(existsSync(place.file('a.pid')))
})

for (const [what, run, options, code] of [
  ['an event loop that runs dry', '() => {}', '', 0],
  ['stop(3)', '(daemon) => { setTimeout(() => daemon.stop(3)) }', '', 3],
  ['process.exit(42)', '() => process.exit(42)', '', 42],
  ['a hook that throws', "(daemon) => daemon.onStop(() => { throw new Error('hook') })", '', 1],
  ['one that is never ready', '() => {}', "ready: 'manual'", 13],
]) {
  test.serial(`the exit code of ${what} is ${code}, and the pidfile is gone`, async (t) => {
    const place = folder(t)
    t.is((await place.node([program(place, run, options)])).code, code)
    t.false(existsSync(place.file('a.pid')))
  })
}

test.serial('an abort ends the wait for the lock, or the half-started daemon', async (t) => {
  const place = folder(t)
  await idle(place).start()
  const path = body(
    place,
    `const run = () => console.log('runs')
     const d = new Daemon({ pidFile: process.argv[2], lockTimeout: Infinity, ready: 'manual', run })
     const abort = new AbortController()
     const waiting = d.with({ signal: abort.signal }).foreground()
     process.stdin.once('data', () => abort.abort(new Error('enough')))
     await waiting.catch((error) => console.log(error.message))
     process.stdin.destroy()
     setInterval(() => {}, Daemon.current ? 1e6 : 1).unref()`,
  )
  const first = place.spawn([path, 'a.pid'])
  await until(() => threads('daimon-launch', first.pid) > 0, 'the wait for the lock')
  first.child.stdin.write('abort')
  t.like(await first.done, { code: 0, stdout: 'enough\n', stderr: '' })
  t.like(await control(place).status(), { state: 'running' })
  const second = place.spawn([path, 'b.pid'])
  await until(() => second.output().stdout === 'runs\n', 'the body')
  second.child.stdin.write('abort')
  t.like(await second.done, { code: 1, stdout: 'runs\nenough\n', stderr: '' })
  t.false(existsSync(place.file('b.pid')))
})

test.serial('an abort after a failed body is nothing to it any more', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `const abort = new AbortController()
     const d = new Daemon({ pidFile: 'a.pid', run() { throw new Error('mine') } })
     await d.with({ signal: abort.signal }).foreground().catch((error) => console.log(error.message))
     Daemon.current.onStop(({ by }) => console.log('stopped by', by))
     abort.abort()
     setImmediate(() => setImmediate(() => process.exit(7)))`,
  )
  t.like(await place.node([path]), { code: 7, stdout: 'mine\n', stderr: '' })
})

test.serial('with stopTimeout: Infinity, too, a stop waits for its hooks', async (t) => {
  const place = folder(t)
  const run = `(daemon) => {
    daemon.onStop(() => console.log('saved'))
    daemon.onStop(() => new Promise((resolve) => setTimeout(resolve, 50).unref()))
    setImmediate(() => daemon.stop(3))
  }`
  const ended = await place.node([program(place, run, 'stopTimeout: Infinity')])
  t.like(ended, { code: 3, stderr: '' })
  t.true(ended.stdout.endsWith('saved\n'))
})
