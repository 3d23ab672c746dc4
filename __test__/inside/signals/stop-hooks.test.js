// Stops by signals: the hooks, and further stops while they run.
import test from 'ava'
import { folder, KERNEL_TELLS } from '../../helpers/index.js'
import { said, waitFor } from '../../helpers/listeners.js'
import { start } from '../../helpers/signals.js'

test.serial(
  'hooks run in reverse order, each awaited, and are told the signal; a failing one keeps none',
  async (t) => {
    const place = folder(t)
    const { daemon } = await start(place, {
      body: `const turn = () => new Promise(setImmediate)
      daemon.onStop(({ signal }) => say('first', signal))
      daemon.onStop(() => { throw new Error('in a hook') })
      daemon.onStop(async () => { say('third begins'); await turn(); say('third ends') })`,
    })
    const ended = daemon.exited()
    await daemon.signal('SIGINT')
    const how = await ended
    if (KERNEL_TELLS) t.is(how.code, 1)
    t.deepEqual(said(place), ['third begins', 'third ends', 'first SIGINT'])
  },
)

for (const [second, code] of [
  ['SIGINT', 130],
  ['SIGQUIT', 131],
]) {
  test.serial(`a second signal that stops, ${second}, exits at once with ${code}`, async (t) => {
    const place = folder(t)
    const { daemon } = await start(place, {
      body: `daemon.onStop(async () => { say('hook'); await new Promise(() => {}) })`,
    })
    const ended = daemon.exited()
    await daemon.signal('SIGTERM')
    await waitFor(place, 'hook')
    await daemon.signal('SIGTERM')
    await daemon.signal('SIGWINCH')
    await waitFor(place, 'mark')
    await daemon.signal(second)
    const how = await ended
    if (KERNEL_TELLS) t.deepEqual(how, { code })
    t.deepEqual(place.processes(), [])
  })
}

test.serial('a second stop by another signal cuts no hook short', async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, {
    options: `{ signals: { SIGUSR2: 'stop' } }`,
    body: `daemon.onStop(async () => { say('hook'); await until(() => existsSync('let go')); say('hook ends') })`,
  })
  const stops = [daemon.stop({ stopSignal: 'SIGUSR2' }), daemon.stop({ stopSignal: 'SIGUSR2' })]
  await waitFor(place, 'hook')
  await daemon.signal('SIGUSR2')
  await daemon.signal('SIGWINCH')
  await waitFor(place, 'mark')
  place.write('let go', '')
  await Promise.all(stops)
  t.is(said(place).at(-1), 'hook ends')
})

test.serial('ten stops at once all resolve, and the hook has run once', async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, {
    body: `daemon.onStop(async () => { say('hook'); await until(() => existsSync('let go')) })`,
  })
  const stops = Array.from({ length: 10 }, () => daemon.stop())
  await waitFor(place, 'hook')
  place.write('let go', '')
  for (const stop of await Promise.all(stops)) t.like(stop, { state: 'stopped', forced: false })
  t.deepEqual(said(place), ['hook'])
})
