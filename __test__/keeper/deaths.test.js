import { readdirSync } from 'node:fs'
import test from 'ava'
import { loadOf } from '../../torture/lib/load.js'
import { alive, content, fixture, folder, kill, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'

const KILLS = 5

test.serial(
  'no client under load is refused while the program is killed, and the next one serves those that wait',
  async (t) => {
    const place = folder(t)
    const { daemon, port } = await kept(place, {
      script: fixture('keeper/http.cjs'),
      respawn: { delay: 1, maxDelay: 1, limit: KILLS },
    })
    await daemon.start()
    const load = await loadOf({ port, kinds: ['fresh', 'lazy', 'kept'] })
    for (let count = 0; count < KILLS; count++) {
      const [pid] = await serving(daemon)
      kill(pid)
      const next = await until(async () => (await serving(daemon)).find((one) => one !== pid))
      await load.untilServedBy(next)
    }
    const { errors, by, hangs } = await load.stop()
    t.false(hangs)
    t.is(Object.keys(by).length, KILLS + 1)
    // What the dead one had accepted is lost: reset, or ended without an answer. Nothing else is.
    const others = Object.keys(errors).filter((what) => !/: (?:ECONNRESET|EPIPE|no answer)/.test(what))
    t.deepEqual(others, [])
    await daemon.stop()
  },
)

/** Whether the process has no descriptor any more: the kernel takes them when no code of it runs. */
function hasNone(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length === 0 || !alive(pid)
  } catch {
    return true
  }
}

test.serial(
  'when the keeper of a large program is killed, the lock is not free before that has ended',
  async (t) => {
    const place = folder(t)
    const { daemon } = await kept(place, { script: fixture('keeper/large.cjs') })
    const { pid } = await daemon.start()
    const [body] = await serving(daemon)
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(content(`/proc/${body}/status`))
    t.true(Number(kilobytes) > 500_000)
    kill(pid)
    // Of each pair the look at the lock is the first: a body that is there after it was there before.
    const looks = []
    await until(async () => {
      const { state } = await daemon.status()
      looks.push([state, hasNone(body)])
      return state === 'stopped'
    })
    t.deepEqual(looks.at(-1), ['stopped', true])
    await until(() => !alive(body))
    t.like(await daemon.start(), { state: 'running' })
    await daemon.stop()
    t.deepEqual(place.processes(), [])
  },
)
