// Signal actions beside others that listen: those that count listeners to know of the end, and a script's own.
import { existsSync } from 'node:fs'
import test from 'ava'
import { alive, DAIMON, fixture, folder, KERNEL_TELLS, until } from '../../helpers/index.js'
import {
  heard,
  KINDS,
  KNOWING,
  PLAIN,
  reload,
  reopensNothing,
  start,
  told,
  waitFor,
  work,
} from '../../helpers/listeners.js'

const STYLES = {
  'as signal-exit 3 does': "load('counts-v3.cjs')",
  'as signal-exit 3 does, in three copies':
    "for (let copy = 0; copy < 3; copy++) load('counts-v3.cjs', copy === 0 ? undefined : () => {})",
  'as signal-exit 4 does': "load('counts-v4.cjs')",
  'as signal-exit 3 and 4 do': "load('counts-v3.cjs', () => {}); load('counts-v4.cjs')",
  'alone, and by signals only': "load('counts-alone.cjs')",
}

/** How it must have ended by SIGTERM: by itself, with code 0, and without its pidfile. */
async function stops(t, place, { daemon, exited }, code = 0) {
  t.like(await daemon.stop(), { wasRunning: true, forced: false, stale: false })
  const how = await exited()
  if (KERNEL_TELLS || how.code !== undefined) t.deepEqual(how, { code })
  t.false(existsSync(place.file('a.pid')))
  t.deepEqual(place.processes(), [])
}

for (const kind of KINDS) {
  for (const [style, load] of Object.entries(STYLES)) {
    test.serial(`${kind}: to whom counts ${style}, a reload is no end, and the end is one`, async (t) => {
      const place = folder(t)
      const started = await start(place, kind, work(place, load))
      for (let times = 0; times < 2; times++) {
        await reload(place, started.daemon)
        await heard(place, started.daemon)
        t.deepEqual(told(place), [])
      }
      await stops(t, place, started)
      t.is(told(place).length, 1)
      t.regex(told(place)[0], /^end (SIGTERM|0)$/)
    })
  }
}

for (const kind of KINDS) {
  test.serial(`${kind}: handlers of the end run once at process.exit, and at the natural end`, async (t) => {
    for (const [name, end, code] of [
      ['v3', 'process.exit(3)', 3],
      ['v4', 'process.exit(3)', 3],
      ['v3', 'timers.forEach(clearInterval)', 0],
    ]) {
      const place = folder(t)
      const text = `load('counts-${name}.cjs')
        const timers = [setInterval(() => existsSync('go') && (${end}), 5)]
        globalThis.timers = timers`
      const path = work(place, text.replaceAll("'go'", JSON.stringify(place.file('go'))))
      // Not the timer that keeps it alive.
      place.write('work.cjs', place.read('work.cjs').replace('setInterval(() => {}, 1e6)', ''))
      const started = await start(place, kind, path)
      await reload(place, started.daemon)
      place.write('go', '')
      const how = await started.exited()
      if (KERNEL_TELLS || how.code !== undefined) t.deepEqual(how, { code })
      t.deepEqual(told(place), [`end ${code}`])
      t.false(existsSync(place.file('a.pid')))
    }
  })

  test.serial(
    `${kind}: who ends the process itself at SIGTERM does so, and lives through a reload`,
    async (t) => {
      const place = folder(t)
      const started = await start(place, kind, work(place, "load('exits-itself.cjs')"))
      await reload(place, started.daemon)
      await stops(t, place, started, 143)
      t.deepEqual(told(place), ['end 15'])
    },
  )

  test.serial(`${kind}: SIGINT and SIGQUIT stop beside who counts, and tell it`, async (t) => {
    for (const signal of ['SIGINT', 'SIGQUIT']) {
      const place = folder(t)
      const started = await start(place, kind, work(place, "load('counts-v3.cjs'); load('counts-v4.cjs')"))
      await started.daemon.signal(signal)
      const how = await started.exited()
      if (KERNEL_TELLS || how.code !== undefined) t.deepEqual(how, { code: 0 })
      t.is(told(place).length, 2)
      t.false(existsSync(place.file('a.pid')))
    }
  })
}

for (const kind of KINDS) {
  test.serial(
    `${kind}: those that count without knowing each other do not wait for each other`,
    async (t) => {
      const place = folder(t)
      const text =
        "load('counts-v3.cjs'); load('counts-alone.cjs', () => {}); load('counts-alone.cjs', () => {})"
      const started = await start(place, kind, work(place, text))
      await reload(place, started.daemon)
      t.deepEqual(told(place), [])
      await stops(t, place, started)
      t.deepEqual(told(place), ['end 0'])
    },
  )
}

for (const kind of KNOWING) {
  test.serial(`${kind}: who counts hears of the end when the stop hooks have run`, async (t) => {
    for (const name of ['counts-v3.cjs', 'counts-v4.cjs', 'counts-alone.cjs']) {
      const place = folder(t)
      const text = `load('${name}')
        daemon.onStop(async () => { say('begins'); await new Promise((done) => setTimeout(done, 20)); say('ends') })`
      await stops(t, place, await start(place, kind, work(place, text)))
      t.deepEqual(told(place).slice(0, 2), ['begins', 'ends'])
      t.is(told(place).length, 3)
    }
  })

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
  'who counts in a preload, before the script, lives through a reload and hears of the end',
  async (t) => {
    for (const flag of ['--require', '--import']) {
      const place = folder(t)
      const preload = work(place, "load('counts-v3.cjs'); load('counts-v4.cjs', () => {})", 'preload.cjs')
      const started = await start(place, 'script', place.write('a.cjs', ''), { execArgv: [flag, preload] })
      await reload(place, started.daemon)
      t.deepEqual(told(place), [])
      await stops(t, place, started)
      t.is(told(place).length, 1)
    }
  },
)

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

test.serial('workers of threads and of a cluster change nothing', async (t) => {
  const place = folder(t)
  const started = await start(place, 'script', fixture('inside/signals/workers.cjs'))
  await until(() => told(place).length === 2, 'both have begun')
  await reload(place, started.daemon)
  const { pid } = await started.daemon.status()
  const other = Number(
    told(place)
      .find((line) => line.startsWith('process'))
      .split(' ')[1],
  )
  t.true(alive(pid))
  t.true(alive(other))
  t.is(told(place).length, 2)
  await started.daemon.stop()
  t.deepEqual(await started.exited(), KERNEL_TELLS ? { code: 0 } : {})
  t.is(told(place).length, 3)
})
