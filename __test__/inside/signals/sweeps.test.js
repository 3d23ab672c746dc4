// Listeners of the daemon's own on `process`, where a library takes listeners away by the dozen.
import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../../dist/index.js'
import { fixture, folder, KERNEL_TELLS, until } from '../../helpers/index.js'
import { heard, KINDS, KNOWING, PLAIN, reload, start, told, waitFor, work } from '../../helpers/listeners.js'

const NAMES = "['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU', 'SIGUSR1']"
const FOREIGN = `for (const name of ${NAMES}) process.on(name, () => say('foreign', name))`
/** With and without listeners of its own beside ours. */
const SWEEPS = {
  'all of one event': `for (const name of ${NAMES}) process.removeAllListeners(name)`,
  'all of one event, its own among them': `${FOREIGN}
    for (const name of ${NAMES}) process.prependListener(name, () => say('foreign', name))
    for (const name of ${NAMES}) process.removeAllListeners(name)`,
  everything: 'process.removeAllListeners()',
  'everything, its own among it': `${FOREIGN}
    process.removeAllListeners()`,
  'everything, twice': 'process.removeAllListeners(); process.removeAllListeners()',
  'everything, past process itself': "require('node:events').prototype.removeAllListeners.call(process)",
  'one after the other': `${FOREIGN}
    for (const name of process.eventNames())
      for (const listener of process.listeners(name)) process.off(name, listener)`,
  'one after the other, backwards': `for (const name of process.eventNames().reverse())
      for (const listener of process.rawListeners(name).reverse()) process.removeListener(name, listener)`,
  'those that hear of it': `process.removeAllListeners('removeListener')
    process.removeAllListeners('newListener')
    for (const name of ${NAMES}) process.removeAllListeners(name)`,
}

async function obeys(t, place, { daemon, exited }, last = []) {
  await reload(place, daemon)
  for (const signal of ['SIGUSR1', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']) await daemon.signal(signal)
  await reload(place, daemon)
  await heard(place, daemon)
  t.deepEqual(told(place), ['swept'])
  t.like(await daemon.stop(), { wasRunning: true, forced: false, stale: false })
  const how = await exited()
  if (KERNEL_TELLS || how.code !== undefined) t.deepEqual(how, { code: 0 })
  t.deepEqual(told(place).slice(1), last)
  t.deepEqual(place.processes(), [])
}

/** After the sweep the test's own listener for SIGWINCH is on again: a turn later, as Node's own may have been gone. */
const swept = (sweep) => `globalThis.daemon?.onStop(({ signal }) => say('stops by', signal))
  ${sweep}
  setImmediate(() => {
    process.removeAllListeners('SIGWINCH')
    process.on('SIGWINCH', () => say('mark'))
    say('swept')
  })`

for (const kind of KINDS) {
  for (const [what, sweep] of Object.entries(SWEEPS)) {
    test.serial(`${kind}: the actions stay when a library removes ${what}`, async (t) => {
      const place = folder(t)
      const started = await start(place, kind, work(place, swept(sweep)))
      await waitFor(place, 'swept')
      await obeys(t, place, started, KNOWING.includes(kind) ? ['stops by SIGTERM'] : [])
    })
  }
}

test.serial('the actions stand after a preload that removes everything', async (t) => {
  for (const flag of ['--require', '--import']) {
    const place = folder(t)
    const preload = place.write('preload.cjs', 'process.removeAllListeners()')
    const path = work(place, "say('swept')")
    await obeys(t, place, await start(place, 'script', path, { execArgv: [flag, preload] }))
  }
})

test.serial('and in a program that calls daemonize() after such a preload', async (t) => {
  const place = folder(t)
  const preload = place.write('preload.cjs', 'process.removeAllListeners()')
  const path = work(place, swept('process.removeAllListeners()'))
  const started = await start(place, 'daemonize', path, {}, ['-r', preload])
  await waitFor(place, 'swept')
  await obeys(t, place, started, ['stops by SIGTERM'])
})

for (const kind of KINDS) {
  test.serial(`${kind}: at no moment the system's default is in force`, async (t) => {
    const place = folder(t)
    await start(place, kind, fixture('inside/signals/gaps.cjs'))
    await until(() => told(place).length > 0, 'all steps')
    t.deepEqual(told(place), ['gaps true'])
  })

  test.serial(`${kind}: no signal of a storm is deadly while listeners come and go`, async (t) => {
    const place = folder(t)
    const { daemon } = await start(place, kind, fixture('inside/signals/storm.cjs'))
    await waitFor(place, 'over')
    t.is((await daemon.status()).state, 'running')
    await reload(place, daemon)
  })
}

for (const kind of KNOWING) {
  test.serial(`${kind}: listeners that were put back stop once, and cut no hook short`, async (t) => {
    const place = folder(t)
    const { daemon, exited } = await start(place, kind, fixture('inside/signals/puts-back.cjs'))
    await waitFor(place, 'back 1')
    await daemon.signal('SIGINT')
    const how = await exited()
    if (KERNEL_TELLS || how.code !== undefined) t.deepEqual(how, { code: 0 })
    t.deepEqual(told(place).slice(1), ['hook', 'hook ends'])
  })

  test.serial(`${kind}: hooks run at the natural end, and after an uncaught error`, async (t) => {
    for (const [end, code, reason] of [
      ['', 0, 'end'],
      ["setImmediate(() => { throw new Error('late') })", 1, 'error'],
    ]) {
      const place = folder(t)
      const path = work(
        place,
        `daemon.onStop(({ by }) => say('stops by', by))
         process.removeAllListeners()
         const timer = setInterval(() => {
           if (!existsSync(${JSON.stringify(place.file('go'))})) return
           clearInterval(timer)
           ${end}
         }, 5)`,
      )
      place.write('work.cjs', place.read('work.cjs').replace('setInterval(() => {}, 1e6)', ''))
      const { exited } = await start(place, kind, path)
      place.write('go', '')
      const how = await exited()
      if (KERNEL_TELLS || how.code !== undefined) t.deepEqual(how, { code })
      t.deepEqual(told(place), [`stops by ${reason}`])
      t.false(existsSync(place.file('a.pid')))
    }
  })
}

for (const [what, end, like] of [
  ['an error', "throw new TypeError('told')", { cause: { name: 'TypeError', message: 'told' }, exitCode: 1 }],
  ['an exit code', 'process.exit(7)', { exitCode: 7 }],
]) {
  test.serial(`a start is told of ${what}, though everything was removed before`, async (t) => {
    const place = folder(t)
    const script = place.write('a.cjs', `process.removeAllListeners(); setImmediate(() => { ${end} })`)
    const error = await t.throwsAsync(new Daemon({ pidFile: place.file('a.pid'), script }).start())
    t.is(error.code, 'ERR_DAEMON_START_FAILED')
    t.is(error.exitCode, like.exitCode)
    if (like.cause !== undefined) t.like(error.cause, like.cause)
  })
}

for (const kind of PLAIN) {
  test.serial(
    `${kind}: a listener of its own that is removed gives its signal back to the daemon`,
    async (t) => {
      const place = folder(t)
      const text = `const own = () => say('own')
      for (const name of ['SIGHUP', 'SIGTERM']) process.on(name, own)
      process.on('SIGALRM', () => {
        process.removeAllListeners('SIGHUP')
        process.off('SIGTERM', own)
      })`
      const { daemon } = await start(place, kind, work(place, text))
      for (const [signal, count] of [
        ['SIGHUP', 1],
        ['SIGTERM', 2],
      ]) {
        await daemon.signal(signal)
        await waitFor(place, 'own', count)
      }
      await daemon.signal('SIGALRM')
      await heard(place, daemon)
      await reload(place, daemon)
      t.like(await daemon.stop(), { wasRunning: true, forced: false })
      t.deepEqual(told(place), ['own', 'own'])
    },
  )
}
