// Several bodies of one daemon: how they begin, and how the daemon ends with them.
import { existsSync, unlinkSync } from 'node:fs'
import test from 'ava'
import { alive, folder, kill, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'

test.serial('the first one is alone until it is ready, at the start and in an upgrade', async (t) => {
  const place = folder(t)
  // Each says whether the first one was let in before it began.
  const script = place.write(
    'waits.mjs',
    `import { existsSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     const { instance } = Daemon.current
     const gate = ${JSON.stringify(place.file('gate'))}
     console.log('begins', instance, existsSync(gate))
     while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 5))
     setInterval(() => {}, 1e6)`,
  )
  const { daemon, said } = await kept(place, { script, instances: 3 })
  for (const verb of ['start', 'upgrade']) {
    const before = said().length
    const since = () => said().slice(before)
    const pending = daemon[verb]()
    await until(() => since() !== '')
    t.is(place.processes().length, verb === 'start' ? 2 : 5)
    place.write('gate', '')
    await pending
    t.deepEqual(since().trim().split('\n').toSorted(), ['begins 0 false', 'begins 1 true', 'begins 2 true'])
    unlinkSync(place.file('gate'))
  }
  await daemon.stop()
})

test.serial('what they use is told for each, and as a sum with what the keeper uses', async (t) => {
  const { daemon } = await kept(folder(t), { instances: 2 })
  await daemon.start()
  const { bodies, memory, cpu } = await daemon.status()
  const sum = (key) => bodies.reduce((all, body) => all + body[key], 0)
  t.true(memory > sum('memory') && memory < 2 * sum('memory'), JSON.stringify({ memory, bodies }))
  t.true(cpu >= sum('cpu'), JSON.stringify({ cpu, bodies }))
  await daemon.stop()
})

test.serial('a signal that one sends to its daemon is for all', async (t) => {
  const place = folder(t)
  const script = place.write(
    'signals.mjs',
    `import { Daemon } from "DAIMON"
     const daemon = Daemon.current
     process.on('SIGUSR2', () => console.log('heard', daemon.instance))
     process.on('SIGUSR1', () => new Daemon({ pidFile: daemon.pidFile }).signal('SIGUSR2'))
     setInterval(() => {}, 1e6)`,
  )
  const { daemon, log } = await kept(place, { script, instances: 2 })
  await daemon.start()
  kill((await serving(daemon))[1], 'SIGUSR1')
  await until(() => log().split('\n').length === 3)
  t.deepEqual(log().trim().split('\n').toSorted(), ['heard 0', 'heard 1'])
  await daemon.stop()
})

/** Bodies that end by SIGUSR1 with 0, by SIGUSR2 with 9, and note when they are stopped. */
const ENDING = `
  import { Daemon } from "DAIMON"
  const daemon = Daemon.current
  daemon.onStop(({ by }) => console.log('stops', daemon.instance, by))
  for (const [signal, code] of [['SIGUSR1', 0], ['SIGUSR2', 9]]) process.on(signal, () => process.exit(code))
  setInterval(() => {}, 1e6)`

test.serial(
  "with 'never' one that fails ends the daemon as itself, when the others have stopped",
  async (t) => {
    const place = folder(t)
    const script = place.write('ends.mjs', ENDING)
    const { daemon, log } = await kept(place, { script, instances: 2, respawn: 'never' })
    await daemon.start()
    const exited = daemon.exited()
    kill((await serving(daemon))[1], 'SIGUSR2')
    t.deepEqual(await exited, { code: 9 })
    t.regex(log(), /^stops 0 signal$/m)
    t.notRegex(log(), /^stops 1/m)
    t.deepEqual(place.processes(), [])
  },
)

test.serial('one that is done leaves the others, and the last one ends the daemon', async (t) => {
  const place = folder(t)
  const script = place.write('ends.mjs', ENDING)
  const { daemon, log } = await kept(place, { script, instances: 2 })
  await daemon.start()
  const exited = daemon.exited()
  const [first, second] = await serving(daemon)
  kill(first, 'SIGUSR1')
  await until(() => /has ended with the code 0; it is not started again/.test(log()))
  t.like(await daemon.status(), { state: 'running', respawns: 0 })
  t.deepEqual(await serving(daemon), [second])
  kill(second, 'SIGUSR1')
  t.deepEqual(await exited, { code: 0 })
  t.notRegex(log(), /^stops/m)
})

test.serial('the one that stops the daemon gives it its code, though another one ends before', async (t) => {
  const place = folder(t)
  const script = place.write(
    'stops.mjs',
    `import { existsSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     const daemon = Daemon.current
     daemon.onStop(async () => {
       while (daemon.instance === 1 && !existsSync(${JSON.stringify(place.file('gate'))}))
         await new Promise((resolve) => setTimeout(resolve, 5))
     })
     process.on('SIGUSR1', () => daemon.stop(4))
     setInterval(() => {}, 1e6)`,
  )
  const { daemon } = await kept(place, { script, instances: 2, respawn: 'always' })
  await daemon.start()
  const exited = daemon.exited()
  const [first, second] = await serving(daemon)
  kill(second, 'SIGUSR1')
  await until(() => !alive(first))
  t.false(existsSync(place.file('gate')))
  place.write('gate', '')
  t.deepEqual(await exited, { code: 4 })
})
