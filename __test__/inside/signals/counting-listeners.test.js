// Signal actions beside libraries that count listeners to know of the end.
import { existsSync } from 'node:fs'
import test from 'ava'
import { alive, fixture, folder, KERNEL_TELLS, until } from '../../helpers/index.js'
import { heard, KINDS, KNOWING, reload, start, stops, told, work } from '../../helpers/listeners.js'

const STYLES = {
  'as signal-exit 3 does': "load('counts-v3.cjs')",
  'as signal-exit 3 does, in three copies':
    "for (let copy = 0; copy < 3; copy++) load('counts-v3.cjs', copy === 0 ? undefined : () => {})",
  'as signal-exit 4 does': "load('counts-v4.cjs')",
  'as signal-exit 3 and 4 do': "load('counts-v3.cjs', () => {}); load('counts-v4.cjs')",
  'alone, and by signals only': "load('counts-alone.cjs')",
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
