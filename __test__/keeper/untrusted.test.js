// What comes from a body is not believed: it may have given its rights up, or be taken over by somebody.
import { readdirSync, readFileSync } from 'node:fs'
import test from 'ava'
import { alive, content, fixture, folder, kill, until } from '../helpers/index.js'
import { kept } from '../helpers/keeper.js'

const WAYS = [
  'promise',
  'unknown kinds',
  'kinds of the other way',
  'sockets without a descriptor',
  'a socket whose flags are no text',
  'keys without an end',
  'closed sockets',
  'signals that are none',
  'ready again and again',
  'drained, though nobody drains it',
  'statuses and errors',
  'opens the log again',
]

/** Far less than what it is sent, and more than it needs, in kB. */
const MEMORY = 8_192

/** A keeper shows them to root alone, as nobody may see its memory. */
const descriptors = (pid) => (process.geteuid() === 0 ? readdirSync(`/proc/${pid}/fd`).length : 0)
const peak = (pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])

for (const way of WAYS) {
  test.serial(`${way}: the keeper goes on, and has no more than before`, async (t) => {
    const { daemon, get, log } = await kept(folder(t), { script: fixture('keeper/untrusted.cjs') })
    const { pid } = await daemon.start()
    const body = await get()
    const before = descriptors(pid)
    t.is(await get(`/${encodeURIComponent(way)}`), body)
    // It is served as before, signals come through, and it is kept as before.
    t.is(await get(), body)
    t.like(await daemon.status(), { pid, state: 'running', respawns: 0 })
    t.true(descriptors(pid) <= before + 2, log())
    t.true(peak(pid) < MEMORY, `${peak(pid)} kB`)
    kill(Number(body))
    await until(() => !alive(Number(body)))
    t.not(await get(), body)
    t.like(await daemon.stop(), { wasRunning: true, forced: false, stale: false })
  })
}

test.serial('a launcher that does not listen holds no keeper up', async (t) => {
  const place = folder(t)
  const launcher = place.spawn([
    place.write(
      'launcher.mjs',
      `import { Daemon } from "DAIMON"
       const [pidFile, script] = ${JSON.stringify([place.file('a.pid'), fixture('keeper/floods.cjs')])}
       const env = { FOLDER: ${JSON.stringify(place.path)} }
       await new Daemon({ pidFile, script, respawn: true, readyTimeout: Infinity, env }).start()`,
    ),
  ])
  const bodyOf = (keeper) => content(`/proc/${keeper}/task/${keeper}/children`)?.trim()
  const keeper = await until(() => Number(content(place.file('a.pid'))))
  await until(() => bodyOf(keeper))
  kill(launcher.pid, 'SIGSTOP')
  await until(() => content(place.file('flooded')) !== undefined)
  kill(keeper, 'SIGTERM')
  await until(() => !alive(keeper))
  kill(launcher.pid)
  await until(() => place.processes().length === 0)
  t.pass()
})
