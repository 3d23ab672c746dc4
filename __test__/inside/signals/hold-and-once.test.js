// Signals that a daemon defers with `hold`, and those that it waits for with `once`.
import test from 'ava'
import { alive, folder, KERNEL_TELLS, until } from '../../helpers/index.js'
import { said, waitFor } from '../../helpers/listeners.js'
import { start } from '../../helpers/signals.js'

test.serial('hold defers the actions while a function runs, and delivers each once', async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, {
    body: `daemon.signals.set('SIGUSR2', () => say('usr2'))
      daemon.onStop(({ signal }) => say('stop', signal))
      daemon.signals.hold(['SIGUSR2', 'SIGTERM'], async () => {
        say('held')
        await daemon.signals.hold('SIGUSR2', () => until(() => existsSync('inner')))
        say('inner is over')
        await until(() => existsSync('outer'))
      })`,
  })
  await waitFor(place, 'held')
  for (const signal of ['SIGUSR2', 'SIGUSR2', 'SIGTERM', 'SIGUSR2', 'SIGWINCH']) await daemon.signal(signal)
  await waitFor(place, 'mark')
  place.write('inner', '')
  await waitFor(place, 'inner is over')
  await daemon.signal('SIGWINCH')
  await waitFor(place, 'mark', 2)
  t.deepEqual(said(place), ['held', 'mark', 'inner is over', 'mark'])
  const ended = daemon.exited()
  place.write('outer', '')
  await ended
  t.deepEqual(said(place).slice(4).sort(), ['stop SIGTERM', 'usr2'])
})

test.serial(
  'hold gives the signals back when its function fails, and defers the default of the system too',
  async (t) => {
    const place = folder(t)
    const { daemon } = await start(place, {
      body: `daemon.signals.hold('SIGALRM', async () => {
        say('held')
        await until(() => existsSync('go on'))
        throw new Error('failed')
      }).catch(({ message }) => say(message))`,
    })
    await waitFor(place, 'held')
    await daemon.signal('SIGALRM')
    await daemon.signal('SIGWINCH')
    await waitFor(place, 'mark')
    const ended = daemon.exited()
    place.write('go on', '')
    const how = await ended
    if (KERNEL_TELLS) t.is(how.signal, 'SIGALRM')
    t.deepEqual(said(place).slice(0, 2), ['held', 'mark'])
  },
)

test.serial('a handler that throws after a hold is its own failure: the others are delivered', async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, {
    body: `process.on('uncaughtException', ({ message }) => say('uncaught', message))
      daemon.signals.set('SIGUSR2', () => { throw new Error('by the handler') })
      daemon.onStop(() => say('stopped'))
      daemon.signals.hold(['SIGUSR2', 'SIGTERM'], async () => {
        say('held')
        await until(() => existsSync('go on'))
        return 'given'
      }).then((value) => say(value))`,
  })
  await waitFor(place, 'held')
  for (const signal of ['SIGUSR2', 'SIGTERM', 'SIGWINCH']) await daemon.signal(signal)
  await waitFor(place, 'mark')
  const ended = daemon.exited()
  place.write('go on', '')
  await ended
  t.true(said(place).includes('stopped'))
})

test.serial('once waits for a signal, beside its action, until its own signal aborts', async (t) => {
  const place = folder(t)
  const { pid, daemon } = await start(place, {
    body: `const { signals } = daemon
      const controller = new AbortController()
      signals.once('SIGALRM', { signal: controller.signal }).catch((reason) => say('aborted', reason))
      controller.abort('by us')
      signals.once('SIGALRM', { signal: AbortSignal.abort('before') }).catch((reason) => say('aborted', reason))
      signals.set('SIGUSR2', () => say('action'))
      signals.once('SIGUSR2').then((signal) => say('came', signal))
      signals.once('SIGIO').then((signal) => say('came', signal))`,
  })
  await daemon.signal('SIGUSR2')
  await daemon.signal('SIGIO')
  await waitFor(place, 'came SIGIO')
  await daemon.signal('SIGUSR2')
  await waitFor(place, 'action', 2)
  const expected = ['aborted before', 'aborted by us', 'action', 'action', 'came SIGIO', 'came SIGUSR2']
  t.deepEqual(said(place).sort(), expected)
  // Nobody waits for it any more, so that it ends the process.
  await daemon.signal('SIGIO')
  await until(() => !alive(pid), 'the end')
})
