// The examples of docs/signals.md.
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'
import { alive, content, until } from '../helpers/index.js'

const says = (place, log, text) => until(() => content(place.file(log))?.includes(text), text)

const signals = guide('docs/signals.md')

async function start(t, place, name) {
  const { code, stderr } = await place.node([`${name}.js`])
  t.deepEqual([code, stderr], [0, ''])
  const daemon = new Daemon({ pidFile: place.file(`${name}.pid`) })
  const { pid } = await daemon.status()
  return { daemon, pid, log: `${name}.log` }
}

signals('reporter.js reports, and ignores', ['reporter.js'], async (t, place) => {
  const { daemon, pid, log } = await start(t, place, 'reporter')
  await daemon.signal('SIGQUIT')
  await daemon.signal('SIGUSR2')
  await says(place, log, 'requests so far\n')
  place.rename(log, 'old')
  await daemon.signal('SIGHUP')
  await until(() => content(place.file(log)) !== undefined, 'the new log')
  t.true(alive(pid))
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

signals('maintenance.js changes its actions', ['maintenance.js'], async (t, place) => {
  const { daemon, log } = await start(t, place, 'maintenance')
  await daemon.signal('SIGUSR2')
  await says(place, log, 'paused\n')
  await daemon.signal('SIGUSR2')
  await says(place, log, 'working\n')
  await daemon.reload()
  await says(place, log, 'reloaded\n')
})

signals('stepper.js waits for a signal', ['stepper.js'], async (t, place) => {
  const { daemon, log } = await start(t, place, 'stepper')
  await says(place, log, 'step 1\n')
  await daemon.signal('SIGUSR2')
  await says(place, log, 'step 2\n')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.is(place.read(log), 'step 1\nstep 2\n')
})

signals('ledger.js is not stopped in the middle', ['ledger.js'], async (t, place) => {
  const { daemon } = await start(t, place, 'ledger')
  await until(() => content(place.file('ledger.txt')) === '-100\n', 'the first half')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.is(place.read('ledger.txt'), '-100\n+100\n')
})

signals('careful.js runs its hooks', ['careful.js'], async (t, place) => {
  const { daemon, log } = await start(t, place, 'careful')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.is(place.read(log), 'first: no more requests\nlast: database closed (signal SIGTERM)\n')
})
