// Signals on Windows, where the native part hears of them.
import test from 'ava'
import { fixture, folder } from '../../helpers/index.js'
import { ON_WINDOWS } from '../../helpers/windows.js'

const run = async (t, ...words) => {
  const place = folder(t)
  const { code, stdout, stderr } = await place.node([
    ...ON_WINDOWS,
    fixture('inside/signals/delivered.mjs'),
    ...words.map(String),
  ])
  t.is(stderr, '')
  return { code, told: stdout.trimEnd().split('\n') }
}

for (const number of [1, 2, 3, 10, 12, 15]) {
  test(`signal ${number} without a listener is the end, with code ${128 + number}`, async (t) => {
    t.deepEqual(await run(t, number), { code: 128 + number, told: ['called', `exit ${128 + number}`] })
  })
}

test('a listener of the program’s own gets name and number', async (t) => {
  for (const [number, name] of [
    [15, 'SIGTERM'],
    [1, 'SIGHUP'],
    [10, 'SIGUSR1'],
    [12, 'SIGUSR2'],
  ]) {
    const told = ['called', `heard ${name} ${number}`, 'exit 0']
    t.deepEqual(await run(t, number, 'listens'), { code: 0, told })
  }
})

test('a daemon’s own actions apply', async (t) => {
  for (const [number, what] of [
    [15, ['stop SIGTERM']],
    [2, ['stop SIGINT']],
    [3, ['stop SIGQUIT']],
    [1, ['reload']],
    [10, []],
  ]) {
    t.deepEqual(await run(t, number, 'actions'), { code: 0, told: ['called', ...what, 'exit 0'] })
  }
  t.deepEqual(await run(t, 12, 'actions'), { code: 140, told: ['called', 'exit 140'] })
})

test('a script’s own listener is instead of the action, or beside it', async (t) => {
  const beside = await run(t, 15, 'actions', 'listens')
  t.deepEqual(beside.told, ['called', 'stop SIGTERM', 'heard SIGTERM 15', 'exit 0'])
  const instead = await run(t, 15, 'actions', 'yields', 'listens')
  t.deepEqual(instead.told, ['called', 'heard SIGTERM 15', 'exit 0'])
})

test('Ctrl-Break is a stop, and so is the end of the console', async (t) => {
  for (const [signal, what] of [
    ['SIGBREAK', 'stop SIGBREAK'],
    ['SIGHUP', 'closing'],
  ]) {
    t.deepEqual(await run(t, signal, 'actions', 'console'), { code: 0, told: [what, 'called', 'exit 0'] })
  }
})

test('the end of the console is one though a SIGHUP was sent before that nobody took', async (t) => {
  const { told } = await run(t, 1, 'actions', 'yields', 'listens', 'then-closes')
  t.deepEqual(told, ['called', 'heard SIGHUP 1', 'closing', 'exit 0'])
  t.deepEqual((await run(t, 1, 'actions')).told, ['called', 'reload', 'exit 0'])
})

test('a signal to itself comes after the call, and a number that is no signal never does', async (t) => {
  t.deepEqual(await run(t, 15, 'actions', 'raised'), { code: 0, told: ['called', 'stop SIGTERM', 'exit 0'] })
  t.deepEqual(await run(t, 12, 'raised'), { code: 140, told: ['called', 'exit 140'] })
  t.deepEqual(await run(t, 19, 'listens'), { code: 0, told: ['called', 'exit 0'] })
})
