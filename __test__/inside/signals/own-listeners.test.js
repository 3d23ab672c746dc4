// Signal actions beside listeners of the program's own.
import test from 'ava'
import { DAIMON, fixture, folder, KERNEL_TELLS } from '../../helpers/index.js'
import {
  heard,
  KNOWING,
  PLAIN,
  reload,
  reopensNothing,
  start,
  stops,
  told,
  waitFor,
  work,
} from '../../helpers/listeners.js'

for (const kind of KNOWING) {
  test.serial(
    `${kind}: a listener of its own is called beside the action, once, whoever counts`,
    async (t) => {
      const place = folder(t)
      const text = `load('counts-v3.cjs')
      for (const name of ['SIGHUP', 'SIGTERM']) process.on(name, (signal) => say('own', signal))
      daemon.on('reload', () => say('reload'))`
      const started = await start(place, kind, work(place, text))
      await reload(place, started.daemon)
      await heard(place, started.daemon)
      t.deepEqual(told(place).sort(), ['own SIGHUP', 'reload'])
      await stops(t, place, started)
      t.deepEqual(told(place).slice(2).sort(), ['end 0', 'own SIGTERM'])
    },
  )

  test.serial(
    `${kind}: SIGUSR1 with the action 'default' is for its own listener, where it has one`,
    async (t) => {
      const place = folder(t)
      const text = `process.debugPort = 0
      daemon.signals.set('SIGUSR1', 'default')
      process.once('SIGUSR1', () => say('own'))
      process.on('SIGALRM', () => say(require('node:inspector').url() === undefined ? 'closed' : 'open'))`
      const { daemon } = await start(place, kind, work(place, text))
      await daemon.signal('SIGUSR1')
      await waitFor(place, 'own')
      await daemon.signal('SIGALRM')
      await waitFor(place, 'closed')
      await daemon.signal('SIGUSR1')
      await heard(place, daemon)
      await daemon.signal('SIGALRM')
      await waitFor(place, 'open')
      t.deepEqual(told(place), ['own', 'closed', 'open'])
    },
  )
}

for (const kind of PLAIN) {
  test.serial(
    `${kind}: a listener of the script's own handles its signal alone, whoever counts`,
    async (t) => {
      for (const others of ['', "load('counts-v3.cjs')", "load('counts-alone.cjs'); load('counts-v4.cjs')"]) {
        const place = folder(t)
        const text = `${others}
        process.on('SIGHUP', (signal) => say('own', signal))
        process.on('SIGTERM', (signal) => { say('own', signal); setTimeout(() => process.exit(5), 20) })`
        const started = await start(place, kind, work(place, text))
        t.true(await reopensNothing(place, started.daemon))
        t.deepEqual(told(place), ['own SIGHUP'])
        await stops(t, place, started, 5)
        t.is(told(place)[1], 'own SIGTERM')
      }
    },
  )

  for (const method of ['prependListener', 'once', 'prependOnceListener']) {
    test.serial(`${kind}: so does one that is added by ${method}`, async (t) => {
      const place = folder(t)
      const text = `process.${method}('SIGHUP', () => say('own'))`
      const { daemon } = await start(place, kind, work(place, text))
      t.true(await reopensNothing(place, daemon))
      t.deepEqual(told(place), ['own'])
      // Once is once: from then on it is the daemon's again.
      if (/once/i.test(method)) await reload(place, daemon)
      else t.true(await reopensNothing(place, daemon))
    })
  }

  test.serial(
    `${kind}: a listener of its own that lets others come and go meanwhile is its own`,
    async (t) => {
      const place = folder(t)
      // As write-file-atomic does, which watches for the end while it writes.
      const text = `process.on('SIGHUP', () => {
        const passing = () => {}
        process.on('SIGHUP', passing)
        process.off('SIGHUP', passing)
        say('own')
      })`
      const { daemon } = await start(place, kind, work(place, text))
      for (let times = 0; times < 2; times++) t.true(await reopensNothing(place, daemon))
      t.deepEqual(told(place), ['own', 'own'])
    },
  )

  test.serial(`${kind}: who takes all listeners away in its own has handled the signal`, async (t) => {
    const place = folder(t)
    const text = `load('counts-v3.cjs', () => {})
      process.on('SIGTERM', () => {
        for (const one of process.listeners('SIGTERM')) process.off('SIGTERM', one)
        say('own')
        setTimeout(() => { say('done'); process.exit(4) }, 50)
      })`
    const started = await start(place, kind, work(place, text))
    await stops(t, place, started, 4)
    t.deepEqual(told(place), ['own', 'done'])
  })

  test.serial(
    `${kind}: a listener of its own sees no other at a stop, also when it asks later`,
    async (t) => {
      const place = folder(t)
      const text = `process.on('SIGTERM', async () => {
        await null
        if (process.listenerCount('SIGTERM') === 1) process.exit(6)
      })`
      await stops(t, place, await start(place, kind, work(place, text)), 6)
      t.deepEqual(told(place), [])
    },
  )

  test.serial(
    `${kind}: who counts and was there before all others lives through a reload, too`,
    async (t) => {
      const place = folder(t)
      const text = `process.on = process.prependListener
      load('counts-v3.cjs')
      load('counts-alone.cjs')
      delete process.on`
      const { daemon } = await start(place, kind, work(place, text))
      await reload(place, daemon)
      await reload(place, daemon)
      t.deepEqual(told(place), [])
    },
  )

  test.serial(
    `${kind}: a signal that ends nothing says so to who counts: ignored, held, awaited`,
    async (t) => {
      const place = folder(t)
      const options = { signals: { SIGQUIT: 'ignore' } }
      const started = await start(place, kind, fixture('inside/signals/held.cjs'), options)
      const { daemon } = started
      await daemon.signal('SIGQUIT')
      await heard(place, daemon)
      await daemon.signal('SIGUSR2')
      await waitFor(place, 'came')
      place.write('came', '')
      await waitFor(place, 'held')
      await daemon.signal('SIGHUP')
      await waitFor(place, 'handled')
      await daemon.signal('SIGTERM')
      await heard(place, daemon)
      t.deepEqual(told(place), ['came', 'held', 'handled'])
      place.write('go', '')
      const how = await started.exited()
      if (KERNEL_TELLS || how.code !== undefined) t.deepEqual(how, { code: 0 })
      t.deepEqual(told(place).slice(3), ['let go', 'end SIGTERM'])
    },
  )

  test.serial(
    `${kind}: what was held though it has no action is the end after it, for who counts, too`,
    async (t) => {
      const place = folder(t)
      const text = `load('counts-v4.cjs')
      import(${JSON.stringify(DAIMON)}).then(({ Daemon }) =>
        Daemon.current.signals.hold('SIGUSR2', async () => {
          say('held')
          await until(() => existsSync(${JSON.stringify(place.file('go'))}))
          say('let go')
        }))`
      const { daemon, exited } = await start(place, kind, work(place, text))
      await waitFor(place, 'held')
      await daemon.signal('SIGUSR2')
      await heard(place, daemon)
      t.deepEqual(told(place), ['held'])
      place.write('go', '')
      const how = await exited()
      if (KERNEL_TELLS || how.signal !== undefined) t.deepEqual(how, { signal: 'SIGUSR2' })
      t.deepEqual(told(place).slice(1), ['let go', 'end SIGUSR2'])
    },
  )

  test.serial(
    `${kind}: with the action 'default' who counts is alone, and the signal is the end`,
    async (t) => {
      for (const signal of ['SIGHUP', 'SIGUSR2']) {
        const place = folder(t)
        const options = { signals: { SIGHUP: 'default' } }
        const { daemon, exited } = await start(place, kind, work(place, "load('counts-v4.cjs')"), options)
        await daemon.signal(signal)
        const how = await exited()
        if (KERNEL_TELLS || how.signal !== undefined) t.deepEqual(how, { signal })
        t.deepEqual(told(place), [`end ${signal}`])
      }
    },
  )
}

test.serial(
  'a script that calls daemonize() has its actions beside its listeners, however it was started',
  async (t) => {
    const place = folder(t)
    const text = `process.on('SIGHUP', () => say('own'))
    import(${JSON.stringify(DAIMON)}).then(async ({ daemonize }) => {
      const daemon = await daemonize({ pidFile: ${JSON.stringify(place.file('a.pid'))} })
      daemon.onStop(() => say('stops'))
      process.on('SIGTERM', () => say('own end'))
      say('body')
    })`
    for (const kind of PLAIN) {
      const started = await start(place, kind, work(place, text))
      await waitFor(place, 'body')
      await reload(place, started.daemon)
      await heard(place, started.daemon)
      await stops(t, place, started)
      t.deepEqual(told(place), ['body', 'own', 'own end', 'stops'])
      place.write('said', '')
    }
  },
)
