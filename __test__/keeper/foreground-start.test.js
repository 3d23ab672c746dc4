import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { PLAIN } from '../helpers/cli.js'
import { install } from '../helpers/copies.js'
import { body, control } from '../helpers/foreground.js'
import { fixture, folder, until } from '../helpers/index.js'
import { foreground, server } from '../helpers/keeper.js'

test.serial('a start is refused while another one runs, and of two at once one wins', async (t) => {
  const place = folder(t)
  const path = server(place)
  const both = [1, 2].map(() => place.spawn([path], { env: { PORT: '0' } }))
  const loser = await Promise.race(both.map(({ done }) => done))
  t.is(loser.code, 1)
  const winner = both.find(({ pid }) => pid !== loser.pid)
  t.regex(loser.stderr, new RegExp(`AlreadyRunningError: .*PID ${winner.pid}`))
  t.is(loser.stdout, '')
  await until(async () => (await control(place).status()).starting !== true)
  const third = await place.node([path])
  t.regex(third.stderr, new RegExp(`AlreadyRunningError: .*PID ${winner.pid}`))
  await control(place).stop()
  t.is((await winner.done).code, 0)
})

test.serial('a port that is taken fails the start before anything happens', async (t) => {
  const place = folder(t)
  const taken = createServer()
  await new Promise((resolve) => taken.listen(0, resolve))
  const { port } = taken.address()
  const path = body(
    place,
    `const listen = { file: { path: 'a.sock' }, web: ${port} }
     const daemon = new Daemon({ pidFile: 'a.pid', listen, run() { console.log('runs') } })
     const error = await daemon.foreground().catch((error) => error)
     console.log(error.code, error.step, error.option, error.errno === undefined, error.message)`,
  )
  const { code, stdout, stderr } = await place.node([path])
  t.is(code, 0, stderr)
  t.regex(stdout, new RegExp(`^ERR_DAEMON_START_FAILED listen .*listen.web: port ${port} is in use`))
  t.deepEqual(
    readdirSync(place.path).filter((name) => name !== 'a.mjs'),
    [],
  )
  taken.close()
})

test.serial(
  'a keeper that cannot be executed fails the start, and leaves the process as it was',
  async (t) => {
    const place = install(t)
    rmSync(place.file('node_modules/daimon/native/daimon-keeper'))
    const own = pathToFileURL(place.file('node_modules/daimon/dist/index.js')).href
    const path = fixture('keeper/without-keeper.mjs')
    const { code, stdout, stderr } = await place.node([path, own], { env: PLAIN })
    t.is(code, 0, stderr)
    const [, first, second, last] = stdout.split('\n')
    t.regex(first, /^ERR_DAEMON_START_FAILED exec .*daimon-keeper: the keeper cannot be executed \(execve: /)
    t.is(second, 'true undefined stopped')
    t.is(last, 'runs')
    t.false(existsSync(place.file('a.sock')))
  },
)

test.serial('a worker cannot become it', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `import { Worker, isMainThread } from 'node:worker_threads'
     if (isMainThread) new Worker(new URL(import.meta.url))
     else {
       const refused = (error) => console.log(error.code, error.feature)
       await new Daemon({ pidFile: 'a.pid', respawn: true, run() {} }).foreground().catch(refused)
       await daemonize({ pidFile: 'a.pid', instances: 2, detach: false }).catch(refused)
     }`,
  )
  t.is((await place.node([path])).stdout, 'ERR_DAEMON_UNSUPPORTED foreground\n'.repeat(2))
})

test.serial('an abort while it waits for the lock rejects with its reason', async (t) => {
  const place = folder(t)
  const daemon = await foreground(place, [server(place)])
  const path = body(
    place,
    `const signal = AbortSignal.timeout(50)
     const daemon = new Daemon({ pidFile: 'a.pid', respawn: true, lockTimeout: 60_000, run() {} })
     await daemon.with({ signal }).foreground().catch((error) => console.log(error === signal.reason))`,
    'b.mjs',
  )
  t.is((await place.node([path])).stdout, 'true\n')
  t.is((await control(place).status()).pid, daemon.pid)
  await control(place).stop()
})

for (const [what, run, expected] of [
  ['throws', 'throw new RangeError("boom")', { code: 1, stderr: /RangeError: boom/ }],
  ['exits', 'process.exit(9)', { code: 9, stderr: /^$/ }],
  ['is killed', 'process.kill(process.pid, "SIGKILL")', { signal: 'SIGKILL', stderr: /^$/ }],
  [
    'waits for nothing',
    'return new Promise(() => {})',
    { code: 13, stderr: /^daimon: The event loop ran dry/ },
  ],
]) {
  test.serial(`a first body that ${what} ends the keeper in the same way`, async (t) => {
    const place = folder(t)
    const { code, signal, stderr } = await place.node([server(place, 'instances: 2, respawn: true', run)])
    t.is(code ?? undefined, expected.code)
    t.is(signal ?? undefined, expected.signal)
    t.regex(stderr, expected.stderr)
    t.false(existsSync(place.file('a.pid')))
    t.deepEqual(place.processes(), [])
  })
}

test.serial('a program that never comes to its daemon says so', async (t) => {
  const place = folder(t)
  const text = `if (process.argv.length > 2 && process.env.NOTE === undefined) {
      await daemonize({ pidFile: 'a.pid', detach: false, respawn: true, env: { NOTE: 'body' } })
    }`
  const { code, stderr } = await place.node([body(place, text), 'x'])
  t.is(code, 1)
  t.regex(stderr, /^daimon: the program ended without starting the daemon of .*a\.pid/)
})

test.serial('one that is not ready in time fails', async (t) => {
  const place = folder(t)
  const options = "readyTimeout: 100, respawn: true, ready: 'manual'"
  const { code, stderr } = await place.node([server(place, options, 'setInterval(() => {}, 1e6)')], {
    env: { PORT: '0' },
  })
  t.is(code, 1)
  t.regex(stderr, /^daimon: the program \(PID \d+\) was not ready within 100 ms; it gets SIGTERM\n$/)
})
