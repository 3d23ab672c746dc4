// Signals to a daemon that is being started.
import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon, send } from '../../../dist/index.js'
import { alive, folder, stat, until } from '../../helpers/index.js'

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
