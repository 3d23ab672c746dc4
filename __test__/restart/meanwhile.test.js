// What happens while a daemon has itself replaced.
import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { install } from '../helpers/copies.js'
import { GATE } from '../helpers/gate.js'
import { alive, until } from '../helpers/index.js'
import { restarting } from '../helpers/restart.js'

test.serial('several restarts at once are one', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'])
  place.write('order.json', JSON.stringify({ times: 3 }))
  place.write('slow', '')
  await place.daemon.signal('SIGUSR2')
  await until(() => place.lines('stopping').length > 0, 'the daemon stops')
  t.is(place.processes().filter((other) => other !== pid).length, 1)
  unlinkSync(place.file('slow'))
  await until(() => place.lines('begun').length === 2 && place.processes().length === 1, 'the next one')
  t.is(place.read('logs/a.log').trimEnd().split('\n').length, 3)
  await place.daemon.stop()
})

test.serial('a stop from outside meanwhile does not keep it from coming back', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'], { stopTimeout: 60_000 })
  place.write('slow', '')
  await place.daemon.signal('SIGUSR2')
  await until(() => place.lines('stopping').length > 0, 'the daemon stops')
  const stopping = place.daemon.stop({ stopTimeout: 60_000 })
  unlinkSync(place.file('slow'))
  t.like(await stopping, { wasRunning: true })
  await until(() => place.lines('begun').length === 2, 'the next one')
  await until(() => place.processes().length === 1, 'the end of the helper')
  t.not(place.last().pid, pid)
  t.like(await place.daemon.status(), { state: 'running', pid: place.last().pid })
  await place.daemon.stop()
})

test.serial('a start from outside meanwhile is the only instance, and the log says so', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'])
  const helpers = () => place.processes().filter((other) => other !== pid)
  place.write('slow', '')
  await place.daemon.signal('SIGUSR2')
  const [helper] = await until(() => place.lines('stopping').length > 0 && helpers(), 'the daemon stops')
  process.kill(helper, 'SIGSTOP')
  unlinkSync(place.file('slow'))
  await until(() => !alive(pid), 'its end')
  const other = await place.start('start', ['b'])
  process.kill(helper, 'SIGCONT')
  await until(() => !alive(helper), 'the end of the helper')
  t.deepEqual(place.processes(), [other])
  t.regex(
    place.lines('daimon:').join(),
    /the restart of the daemon of .*a\.pid has failed: .*already running/,
  )
  await place.daemon.stop()
})

/** A copy of the package whose helper waits, in the folder, at a gate before this call. */
function gated(place, copy, call) {
  const path = copy.file('node_modules/daimon/dist/restart-helper.js')
  const [before, after, ...more] = readFileSync(path, 'utf8').split(call)
  if (after === undefined || more.length > 0) throw new Error(`${call} is not in ${path} once`)
  const gate = `await (await import(${JSON.stringify(GATE)})).gate(${JSON.stringify(place.path)})`
  writeFileSync(path, `${before}${gate}\n${call}${after}`)
}

for (const [moment, call, told] of [
  ['comes too late', 'before=await asker(', /^$/],
  [
    'stops it too late',
    'await replace(',
    /the restart of the daemon of .*a\.pid has failed: .*already running/,
  ],
]) {
  test.serial(`a helper that ${moment} disturbs nobody`, async (t) => {
    const copy = install(t)
    const daimon = pathToFileURL(copy.file('node_modules/daimon/dist/index.js')).href
    const place = restarting(t, { daimon })
    gated(place, copy, call)
    const pid = await place.start('start', ['a'])
    process.kill(pid, 'SIGUSR2')
    await until(() => existsSync(place.file('waits')), 'the helper')
    const [helper] = place.processes().filter((other) => other !== pid)
    process.kill(pid, 'SIGKILL')
    await until(() => !alive(pid), 'its end')
    const other = await place.start('start', ['b'])
    place.write('open', '')
    await until(() => !alive(helper), 'the end of the helper')
    t.deepEqual(place.processes(), [other])
    t.is(place.lines('stopping').length, 0)
    t.regex(place.lines('daimon:').join(), told)
    await place.daemon.stop()
  })
}

test.serial('restarts from inside and outside never leave two, or none', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'])
  const daemon = place.daemon.with({ lockTimeout: 1_000 })
  await place.daemon.signal('SIGUSR2')
  const outside = place.node([place.program, 'restart', 'b'], { env: { OPTIONS: '{"lockTimeout":1000}' } })
  await outside
  await until(
    async () => (await daemon.status()).pid !== pid && place.processes().length === 1,
    'one is left',
  )
  t.like(await daemon.status(), { state: 'running' })
  t.deepEqual(place.processes(), [(await daemon.status()).pid])
  await daemon.stop()
})

test.serial('when the next one fails, the log says why, and nothing is left', async (t) => {
  const place = restarting(t)
  await place.start('start')
  place.write('fails', '')
  await place.daemon.signal('SIGUSR2')
  await until(() => place.lines('daimon:').length > 0, 'the failure')
  t.regex(
    place.lines('daimon:').join(),
    /has failed: .*exited with code 1 before it was ready: Error: it fails/,
  )
  await until(() => place.processes().length === 0, 'the end of all')
  t.like(await place.daemon.status(), { state: 'stopped', stale: false })
})
