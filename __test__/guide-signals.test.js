// The examples of docs/signals.md.
import test from 'ava'
import { Daemon } from '../dist/index.js'
import { writeExamples } from './helpers/guides.js'
import { alive, content, folder, until } from './helpers/index.js'

const says = (place, log, text) => until(() => content(place.file(log))?.includes(text), text)

async function start(t, name) {
  const place = folder(t)
  writeExamples(place, 'docs/signals.md')
  const { code, stderr } = await place.node([`${name}.js`])
  t.deepEqual([code, stderr], [0, ''])
  const daemon = new Daemon({ pidFile: place.file(`${name}.pid`) })
  const { pid } = await daemon.status()
  return { place, daemon, pid, log: `${name}.log` }
}

test.serial('reporter.js', async (t) => {
  const { place, daemon, pid, log } = await start(t, 'reporter')
  await daemon.signal('SIGQUIT')
  await daemon.signal('SIGUSR2')
  await says(place, log, 'requests so far\n')
  place.rename(log, 'old')
  await daemon.signal('SIGHUP')
  await until(() => content(place.file(log)) !== undefined, 'the new log')
  t.true(alive(pid))
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

test.serial('maintenance.js', async (t) => {
  const { place, daemon, log } = await start(t, 'maintenance')
  await daemon.signal('SIGUSR2')
  await says(place, log, 'paused\n')
  await daemon.signal('SIGUSR2')
  await says(place, log, 'working\n')
  await daemon.reload()
  await says(place, log, 'reloaded\n')
})

test.serial('stepper.js', async (t) => {
  const { place, daemon, log } = await start(t, 'stepper')
  await says(place, log, 'step 1\n')
  await daemon.signal('SIGUSR2')
  await says(place, log, 'step 2\n')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.is(place.read(log), 'step 1\nstep 2\n')
})

test.serial('ledger.js', async (t) => {
  const { place, daemon } = await start(t, 'ledger')
  await until(() => content(place.file('ledger.txt')) === '-100\n', 'the first half')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.is(place.read('ledger.txt'), '-100\n+100\n')
})

test.serial('careful.js', async (t) => {
  const { place, daemon, log } = await start(t, 'careful')
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.is(place.read(log), 'first: no more requests\nlast: database closed (signal SIGTERM)\n')
})
