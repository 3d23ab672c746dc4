// Signals by the daemon's pipe: listeners of unmodified scripts, default actions, hooks.
import { existsSync } from 'node:fs'
import test from 'ava'
import { send } from '../../dist/index.js'
import { alive, content, folder, until } from '../helpers/index.js'
import { bodied, hasEnded, hears } from '../helpers/windows-daemons.js'

const NUMBERS = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1, SIGQUIT: 3, SIGUSR1: 10, SIGUSR2: 12 }

for (const kind of ['cjs', 'mjs']) {
  test.serial(`a script in ${kind} hears each signal that it listens to, and lives on`, async (t) => {
    const place = folder(t)
    const daemon = hears(place, kind, Object.keys(NUMBERS))
    const { pid } = await daemon.start()
    let told = ''
    for (const [name, number] of Object.entries(NUMBERS)) {
      await daemon.signal(name)
      told += `${name} ${number}\n`
      await until(() => content(place.file('heard')) === told, `it hears ${name}`)
    }
    await daemon.signal(12)
    await until(() => content(place.file('heard')) === `${told}SIGUSR2 12\n`, 'it hears 12')
    t.like(await daemon.status(), { state: 'running', pid })
    t.like(await hears(place, kind, [], { stopTimeout: 100 }).stop(), { forced: true })
    t.false(alive(pid))
  })
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR2']) {
  test.serial(`a script that does not listen to ${signal} ends with its code`, async (t) => {
    const place = folder(t)
    const daemon = hears(place, 'cjs', ['SIGUSR1'])
    await daemon.start()
    const ended = daemon.exited()
    await daemon.signal(signal)
    const { code } = await ended
    t.is(code, signal === 'SIGUSR2' ? 128 + NUMBERS[signal] : 0)
    await hasEnded(t, place)
  })
}

test.serial('SIGHUP reloads, and SIGUSR1 does nothing, where nobody listens', async (t) => {
  const place = folder(t)
  const daemon = bodied(place, { log: place.file('a.log') })
  const { pid } = await daemon.start('serve')
  await daemon.signal('SIGUSR1')
  await daemon.reload()
  await until(() => content(place.file('a.log')) === 'reloaded\n', 'the reload')
  t.like(await daemon.status(), { state: 'running', pid })
  t.like(await daemon.stop(), { forced: false })
})

test.serial('SIGKILL ends the process, and its hooks do not run', async (t) => {
  const place = folder(t)
  const daemon = bodied(place)
  const { pid } = await daemon.start('hooks', place.file('seen'))
  const ended = daemon.exited()
  await daemon.signal('SIGKILL')
  await ended
  t.false(alive(pid))
  t.false(existsSync(place.file('seen')))
  t.like(await daemon.status(), { state: 'stopped', stale: true })
})

test.serial('hooks run, the last one first, and are told the signal', async (t) => {
  const place = folder(t)
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const daemon = bodied(place, { stopSignal: signal })
    await daemon.start('hooks', place.file('seen'))
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    const seen = ['second begins', 'second ends', ['first', { by: 'signal', signal }]]
    t.deepEqual(JSON.parse(place.read('seen')), seen)
  }
  await hasEnded(t, place)
})

test.serial('an error that nobody catches is the reason of the stop, and its code is 1', async (t) => {
  const place = folder(t)
  const daemon = bodied(place)
  await daemon.start('crash', place.file('seen'))
  const ended = daemon.exited()
  await daemon.signal('SIGUSR2')
  t.deepEqual(await ended, { code: 1 })
  t.is(place.read('seen'), 'error')
  await hasEnded(t, place)
})

test.serial('send() signals the daemon of a pidfile', async (t) => {
  const place = folder(t)
  const daemon = hears(place, 'mjs', ['SIGUSR2'])
  await daemon.start()
  await send(place.file('a.pid'), 'SIGUSR2')
  await until(() => content(place.file('heard')), 'the signal')
  t.is(place.read('heard'), 'SIGUSR2 12\n')
  await daemon.stop()
})
