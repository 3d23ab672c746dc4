// What signals do in a daemon, as its options and `context.signals` say.
import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon, send } from '../../../dist/index.js'
import { alive, content, fixture, folder, KERNEL_TELLS, until } from '../../helpers/index.js'
import { said, waitFor } from '../../helpers/listeners.js'
import { needs } from '../../helpers/needs.js'
import { start } from '../../helpers/signals.js'

needs('signals of Unix')('each kind of action does what its name says', async (t) => {
  const place = folder(t)
  const { pid, daemon } = await start(place, { name: 'each-action.mjs' })
  await daemon.signal('SIGUSR2')
  await waitFor(place, 'handler of SIGUSR2')
  await daemon.signal('SIGHUP')
  await daemon.signal('SIGTERM')
  await waitFor(place, 'not stopped by SIGTERM')
  await daemon.signal('SIGALRM')
  await waitFor(place, 'reload')
  place.rename('a.log', 'a.log.1')
  await daemon.signal('SIGIO')
  await until(() => existsSync(place.file('a.log')), 'the new log')
  t.deepEqual(said(place), ['handler of SIGUSR2', 'not stopped by SIGTERM', 'reload'])
  await daemon.signal('SIGUSR1')
  await until(() => !alive(pid), 'the end')
})

test.serial("'default' is what the system does", async (t) => {
  const place = folder(t)
  const { pid, daemon } = await start(place, { options: `{ signals: { SIGQUIT: 'default' } }` })
  const ended = daemon.exited()
  await daemon.signal('SIGQUIT')
  const how = await ended
  if (KERNEL_TELLS) t.is(how.signal, 'SIGQUIT')
  t.false(alive(pid))
})

test.serial("SIGUSR1 opens Node's inspector when its action is 'default', and only then", async (t) => {
  const place = folder(t)
  const body = `process.debugPort = 0
    daemon.signals.set('SIGUSR2', async () => {
      const { url } = await import('node:inspector')
      say(url() === undefined ? 'closed' : 'open')
    })`
  const { daemon } = await start(place, { body })
  await daemon.signal('SIGUSR1')
  await daemon.signal('SIGUSR2')
  await waitFor(place, 'closed')
  await daemon.signal('SIGUSR2')
  await waitFor(place, 'closed', 2)
  t.like(await daemon.stop(), { wasRunning: true })
  const other = await start(place, { body, options: `{ signals: { SIGUSR1: 'default' } }` })
  await other.daemon.signal('SIGUSR1')
  // Signals may change places on their way, so it is asked until it says so.
  await until(async () => {
    await other.daemon.signal('SIGUSR2')
    return said(place).includes('open')
  }, 'the inspector')
  t.is((await other.daemon.status()).pid, other.pid)
})

test.serial('actions can be changed at any time; a deleted one falls back to the default', async (t) => {
  const place = folder(t)
  const { pid, daemon } = await start(place, { name: 'changed-actions.mjs' })
  await daemon.signal('SIGTERM')
  await daemon.signal('SIGUSR2')
  await waitFor(place, 'first SIGUSR2')
  await daemon.signal('SIGUSR2')
  await waitFor(place, 'second true false stop')
  t.deepEqual(said(place), ['ignore stop ', 'true true', 'first SIGUSR2', 'second true false stop'])
  const ended = daemon.exited()
  // Nothing is left of it: what the system does ends the process.
  await daemon.signal('SIGUSR2')
  const how = await ended
  if (KERNEL_TELLS) t.is(how.signal, 'SIGUSR2')
  t.false(alive(pid))
})

test.serial("listeners of the program's own are called beside the actions", async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, {
    body: `process.on('SIGTERM', (signal) => say('own', signal))
      daemon.onStop(({ by, signal }) => say('stopped by', by, signal))`,
  })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.deepEqual(said(place).sort(), ['own SIGTERM', 'stopped by signal SIGTERM'])
})

test.serial('without any hook the own listener, and whoever waits, still have their turn', async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, {
    body: `process.on('SIGTERM', () => say('own'))
      daemon.signals.once('SIGTERM').then((signal) => say('came', signal))
      daemon.signal.addEventListener('abort', () => say('aborted'))`,
  })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.deepEqual(said(place).sort(), ['aborted', 'came SIGTERM', 'own'])
})

test.serial('a script that yields to other listeners than its own sees none of ours', async (t) => {
  const place = folder(t)
  const script = fixture('inside/signals/counts-listeners.cjs')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path })
  await daemon.start()
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.true(existsSync(place.file('cleaned')))
})

needs('signals of Unix')('handlers stand before the body begins', async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, {
    options: `{ signals: { SIGUSR2: () => say('handled') } }`,
    body: `process.kill(process.pid, 'SIGUSR2')
      say('body')`,
  })
  await waitFor(place, 'handled')
  t.is((await daemon.status()).state, 'running')
})

needs('signals of Unix')(
  'a plain script takes actions by name, and keeps those of its own listeners',
  async (t) => {
    const place = folder(t)
    const script = place.write(
      'a.mjs',
      `import { appendFileSync } from 'node:fs'
     process.on('SIGUSR2', () => appendFileSync('said', 'own\\n'))
     setInterval(() => {}, 1e6)`,
    )
    const daemon = new Daemon({
      pidFile: place.file('a.pid'),
      script,
      cwd: place.path,
      signals: { SIGALRM: 'ignore', SIGUSR2: 'stop', SIGIO: 'stop' },
    })
    const { pid } = await daemon.start()
    await daemon.signal('SIGALRM')
    await daemon.signal('SIGUSR2')
    await waitFor(place, 'own')
    t.true(alive(pid))
    await daemon.signal('SIGIO')
    await until(() => !alive(pid), 'the end')
    t.is(content(place.file('a.pid')), undefined)
  },
)

needs('signals of Unix')('a plain script reloads at the signal that it was told to', async (t) => {
  const place = folder(t)
  const script = place.write('a.mjs', 'setInterval(() => {}, 1e6)')
  const signals = { SIGUSR2: 'reload', SIGHUP: 'stop', SIGALRM: 'reopen' }
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, log: place.file('a.log'), signals })
  const { pid } = await daemon.start()
  for (const signal of ['SIGUSR2', 'SIGUSR2', 'SIGALRM']) {
    place.rename('a.log', 'old')
    await daemon.signal(signal)
    await until(() => existsSync(place.file('a.log')), 'the new log')
  }
  t.true(alive(pid))
  await daemon.signal('SIGHUP')
  await until(() => !alive(pid), 'the end')
})

test.serial('a plain script cannot be given a function', async (t) => {
  const place = folder(t)
  const script = place.write('a.mjs', 'setInterval(() => {}, 1e6)')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, signals: { SIGUSR2: () => {} } })
  const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_INVALID_OPTION' })
  t.is(error.option, 'signals.SIGUSR2')
  t.false(existsSync(place.file('a.pid')))
})

test.serial('send and signal take names and numbers', async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, { body: `daemon.signals.set('SIGUSR2', (name) => say(name))` })
  await send(place.file('a.pid'), 'SIGUSR2')
  await waitFor(place, 'SIGUSR2')
  await send(place.file('a.pid'), 12)
  await waitFor(place, 'SIGUSR2', 2)
  await daemon.signal(12)
  await waitFor(place, 'SIGUSR2', 3)
  for (const wrong of ['SIGFOO', 0, 65, -1, 1.5, null]) {
    await t.throwsAsync(send(place.file('a.pid'), wrong), { code: 'ERR_DAEMON_INVALID_OPTION' })
    await t.throwsAsync(daemon.signal(wrong), { code: 'ERR_DAEMON_INVALID_OPTION' })
  }
})

for (const [title, signals, option, value] of [
  ['an unknown signal', { SIGFOO: 'stop' }, 'signals', 'SIGFOO'],
  ['SIGKILL', { SIGKILL: 'stop' }, 'signals', 'SIGKILL'],
  ['SIGSTOP', { SIGSTOP: 'ignore' }, 'signals', 'SIGSTOP'],
  ['an unknown action', { SIGTERM: 'quit' }, 'signals.SIGTERM', 'quit'],
  ['no action', { SIGTERM: null }, 'signals.SIGTERM', null],
  ['no object', ['SIGTERM'], 'signals', ['SIGTERM']],
]) {
  const refused = title === 'SIGSTOP' ? needs('signals of Unix') : test
  refused(`refused: ${title}`, (t) => {
    const error = t.throws(() => new Daemon({ name: 'a', signals }), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.is(error.option, option)
    t.deepEqual(error.value, value)
  })
}

needs('signals of Unix')(
  'what is wrong about context.signals is refused, too, and nothing has changed',
  async (t) => {
    const place = folder(t)
    await start(place, { name: 'wrong-calls.mjs' })
    t.deepEqual(said(place), [...Array(8).fill('ERR_DAEMON_INVALID_OPTION'), 'stop'])
  },
)
