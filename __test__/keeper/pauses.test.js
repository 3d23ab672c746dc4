// The pause before a program is started again: its sockets, and upgrades meanwhile.
import { once } from 'node:events'
import { existsSync, unlinkSync } from 'node:fs'
import test from 'ava'
import { alive, folder, freePort, kill, until } from '../helpers/index.js'
import { get, kept, serving } from '../helpers/keeper.js'

const LONG = { delay: 60_000, maxDelay: 60_000 }

/** Listens at the declared socket by its descriptor. */
const BY_NUMBER = `
  import { existsSync } from 'node:fs'
  import { createServer } from 'node:http'
  import { Daemon } from "DAIMON"
  if (existsSync(process.env.FAIL)) throw new TypeError('boom')
  createServer((_, response) => response.end(String(process.pid))).listen({ fd: Daemon.current.sockets.web })`

const isRefused = (where) =>
  get(where).then(
    () => false,
    ({ code }) => code === 'ECONNREFUSED',
  )

/** A daemon whose program has failed twice, so that its keeper waits; `place.file('fail')` has it fail. */
async function paused(place, respawn, declares) {
  const port = await freePort()
  const web = declares === true ? { host: '127.0.0.1', port } : declares
  const declared = web ? { listen: { web } } : {}
  const env = { FAIL: place.file('fail'), PORT: String(port) }
  const script = web ? { script: place.write('by-number.mjs', BY_NUMBER) } : {}
  const made = await kept(place, { respawn, ...declared, ...script }, env)
  await made.daemon.start()
  place.write('fail', '')
  const [body] = await serving(made.daemon)
  kill(body)
  await until(async () => {
    const { respawns, restarting } = await made.daemon.status()
    return respawns === 1 && restarting
  })
  return { ...made, port, get: () => get({ port }) }
}

for (const isDeclared of [false, true]) {
  const what = isDeclared ? 'declared' : 'learned'
  test.serial(
    `in a long pause clients of a ${what} socket are refused, and an upgrade serves them`,
    async (t) => {
      const place = folder(t)
      const { daemon, port, get } = await paused(place, LONG, isDeclared)
      await until(() => isRefused({ port }))
      const error = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' })
      t.is(error.cause.message, 'boom')
      t.like(await daemon.status(), { restarting: true, bodies: [] })
      unlinkSync(place.file('fail'))
      await daemon.upgrade()
      const body = await get()
      // It is kept as any: held while its program is away.
      kill(Number(body))
      t.not(await get(), body)
      await daemon.stop()
    },
  )
}

test.serial('in a long pause a socket that another process leaves at its path is replaced', async (t) => {
  const place = folder(t)
  const socketPath = place.file('web.sock')
  const { daemon } = await paused(place, LONG, { path: socketPath })
  await until(() => !existsSync(socketPath))
  const other = place.spawn([
    '-e',
    'require("node:net").createServer().listen(process.argv[1], () => console.log("listens"))',
    socketPath,
  ])
  await once(other.child.stdout, 'data')
  unlinkSync(place.file('fail'))
  const error = await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' })
  t.is(error.cause.errno?.code ?? error.cause.code, 'EADDRINUSE')
  kill(other.pid)
  await until(() => !alive(other.pid))
  t.true(existsSync(socketPath))
  await daemon.upgrade()
  t.is(await get({ socketPath }), String((await serving(daemon))[0]))
  await daemon.stop()
  t.false(existsSync(socketPath))
})

test.serial('in a short pause clients wait, and an upgrade that fails leaves it as it was', async (t) => {
  const place = folder(t)
  const { daemon, get } = await paused(place, { delay: 2_000 })
  const answer = get()
  await t.throwsAsync(daemon.upgrade(), { code: 'ERR_DAEMON_START_FAILED' })
  unlinkSync(place.file('fail'))
  t.regex(await answer, /^\d+$/)
  t.like(await daemon.status(), { respawns: 2 })
  await daemon.stop()
})

test.serial(
  'in a long pause clients are refused, though another instance has ended after it began',
  async (t) => {
    const respawn = { delay: 60_000, maxDelay: 60_000 }
    const { daemon, get, log } = await kept(folder(t), { instances: 2, respawn })
    await daemon.start()
    const [first, second] = await serving(daemon)
    kill(first)
    const next = await until(async () =>
      (await serving(daemon)).find((pid) => ![first, second].includes(pid)),
    )
    await until(async () => (await daemon.status()).bodies.every(({ ready }) => ready))
    kill(next)
    await until(() => log().includes(`(PID ${next}) was ended by SIGKILL; it is started again in 60000 ms`))
    kill(second, 'SIGTERM')
    await until(() => log().includes(`(PID ${second}) has ended with the code 0; it is not started again`))
    await t.throwsAsync(get(), { code: 'ECONNREFUSED' })
    await daemon.stop()
  },
)

test.serial('an upgrade that succeeds in a pause ends it', async (t) => {
  const place = folder(t)
  const { daemon, get } = await paused(place, { delay: 1_000 })
  unlinkSync(place.file('fail'))
  await daemon.upgrade()
  // Longer than the pause would have been.
  await until(async () => (await daemon.status()).bodies[0].uptime > 1_500)
  const { bodies, respawns } = await daemon.status()
  t.deepEqual([bodies.length, respawns], [1, 1])
  t.is(await get(), String(bodies[0].pid))
  await daemon.stop()
})

test.serial('an upgrade that succeeds begins the count of respawns anew', async (t) => {
  const { daemon, get, log } = await kept(folder(t), { respawn: { delay: 1, limit: 1 } })
  await daemon.start()
  for (let round = 0; round < 2; round++) {
    const body = await get()
    kill(Number(body))
    t.not(await get(), body)
    await until(async () => (await daemon.status()).bodies[0]?.ready)
    await daemon.upgrade()
  }
  t.is(log().match(/started again now \(respawn 1 of 1\)/g).length, 2)
  await daemon.stop()
})

test.serial('a program that is started again, and is not ready in time, has failed', async (t) => {
  const place = folder(t)
  const hang = place.file('hang')
  const script = place.write(
    'hangs.mjs',
    `import { existsSync } from 'node:fs'
     if (existsSync(${JSON.stringify(hang)})) await new Promise(() => setInterval(() => {}, 1e6))
     process.on('SIGUSR2', () => process.exit(4))
     setInterval(() => {}, 1e6)`,
  )
  const { daemon, log } = await kept(place, { script, readyTimeout: 2_000, respawn: { delay: 10, limit: 5 } })
  await daemon.start()
  place.write('hang', '')
  kill((await serving(daemon))[0], 'SIGUSR2')
  await until(() => /\(PID \d+\) was not ready within 2000 ms; it gets SIGTERM\n/.test(log()))
  unlinkSync(hang)
  await until(async () => (await daemon.status()).bodies[0]?.ready)
  t.regex(log(), /\(PID \d+\) (?:has ended|was ended) .*; it is started again in 10 ms \(respawn 2 of 5\)\n/)
  await daemon.stop()
})
