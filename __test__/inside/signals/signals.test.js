// What signals do in a daemon, as its options and `context.signals` say.
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { Daemon, send } from '../../../dist/index.js'
import { alive, content, fixture, folder, KERNEL_TELLS, stat, until } from '../../helpers/index.js'

const SAYS = JSON.stringify(pathToFileURL(fixture('inside/signals/says.mjs')).href)

/** Starts a daemon with `script` and `run` from these source texts, or from the fixture `name`. */
async function start(place, { body = '', options = '{}', name } = {}) {
  const script =
    name === undefined
      ? place.write(
          'body.mjs',
          `import { existsSync } from 'node:fs'
           import { begin, say, until } from ${SAYS}
           await begin(import.meta.url, ${options}, async (daemon) => { ${body} })`,
        )
      : fixture(`inside/signals/${name}`)
  const { stdout, stderr } = await place.node([script])
  const pid = Number(stdout)
  if (!(pid > 0)) throw new Error(stderr)
  return { pid, daemon: new Daemon({ pidFile: place.file('a.pid') }) }
}

const said = (place) => (content(place.file('said')) ?? '').split('\n').slice(0, -1)
const waitFor = (place, line, count = 1) =>
  until(() => said(place).filter((one) => one === line).length >= count, line)

/** A start that has come as far as the flags' modules, which wait until `open` is there. */
async function startThatWaits(place) {
  place.write(
    'gate.mjs',
    `import { existsSync, writeFileSync } from 'node:fs'
     writeFileSync('gate', '')
     while (!existsSync('open')) await new Promise((resolve) => setTimeout(resolve, 5))`,
  )
  place.write('late.mjs', 'setInterval(() => {}, 1e6)')
  const program = place.write(
    'starts.mjs',
    `import { Daemon } from "DAIMON"
     const execArgv = ['--import', './gate.mjs']
     const { pid } = await new Daemon({ pidFile: 'a.pid', script: 'late.mjs', execArgv }).start()
     console.log(pid)`,
  )
  const started = place.spawn([program])
  await until(() => existsSync(place.file('gate')), 'the gate')
  return { daemon: new Daemon({ pidFile: place.file('a.pid') }), started }
}

test.serial('a signal to a daemon that is being started waits until it can be heard', async (t) => {
  const place = folder(t)
  const { daemon, started } = await startThatWaits(place)
  t.true((await daemon.status()).starting)
  const { pid } = await daemon.status()
  const told = []
  const tell = (what, promise) => promise.then(() => told.push(what))
  const all = Promise.all([
    tell('SIGHUP', daemon.reload()),
    tell('SIGUSR1', daemon.signal('SIGUSR1')),
    tell('SIGTSTP', send(place.file('a.pid'), 'SIGTSTP')),
  ])
  const hasty = daemon.with({ readyTimeout: 20 })
  const error = await t.throwsAsync(hasty.reload(), { code: 'ERR_DAEMON_NOT_RUNNING' })
  t.regex(error.message, /only being started/)
  const abort = new AbortController()
  const aborted = t.throwsAsync(daemon.with({ signal: abort.signal }).reload())
  abort.abort(new Error('enough'))
  t.is(await aborted, abort.signal.reason)
  t.deepEqual(told, [])
  t.true(alive(pid))
  place.write('open', '')
  await all
  const { stdout, stderr } = await started.done
  t.is(stdout, `${pid}\n`, stderr)
  t.deepEqual(told.sort(), ['SIGHUP', 'SIGTSTP', 'SIGUSR1'])
  t.true(alive(pid))
  t.not(stat(pid).state, 'T', 'none of them has stopped it')
})

test.serial('SIGTERM and SIGKILL end a daemon that is being started at once', async (t) => {
  for (const name of ['SIGTERM', 'SIGKILL']) {
    const place = folder(t)
    const { daemon, started } = await startThatWaits(place)
    await daemon.signal(name)
    const { code, stderr } = await started.done
    t.is(code, 1)
    t.regex(stderr, new RegExp(`was ended by ${name} before it was ready`))
  }
})

test.serial('each kind of action does what its name says', async (t) => {
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

test.serial('a script that yields to other listeners than its own sees none of ours', async (t) => {
  const place = folder(t)
  const script = fixture('inside/signals/counts-listeners.cjs')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, cwd: place.path })
  await daemon.start()
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.true(existsSync(place.file('cleaned')))
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

test.serial('handlers stand before the body begins', async (t) => {
  const place = folder(t)
  const { daemon } = await start(place, {
    options: `{ signals: { SIGUSR2: () => say('handled') } }`,
    body: `process.kill(process.pid, 'SIGUSR2')
      say('body')`,
  })
  await waitFor(place, 'handled')
  t.is((await daemon.status()).state, 'running')
})

test.serial('a plain script takes actions by name, and keeps those of its own listeners', async (t) => {
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
})

test.serial('a plain script reloads at the signal that it was told to', async (t) => {
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
  test(`refused: ${title}`, (t) => {
    const error = t.throws(() => new Daemon({ name: 'a', signals }), { code: 'ERR_DAEMON_INVALID_OPTION' })
    t.is(error.option, option)
    t.deepEqual(error.value, value)
  })
}

test.serial('what is wrong about context.signals is refused, too, and nothing has changed', async (t) => {
  const place = folder(t)
  await start(place, { name: 'wrong-calls.mjs' })
  t.deepEqual(said(place), [...Array(8).fill('ERR_DAEMON_INVALID_OPTION'), 'stop'])
})
