// The rows of a keeper's bodies, whatever its state.
import test from 'ava'
import { bodyRows } from '../../build/cli/bodies.js'

const body = (generation, instance, ready, draining = false) => ({
  pid: 100 * generation + instance,
  generation,
  instance,
  ready,
  draining,
})
const shown = (bodies, stopping) =>
  bodyRows({ bodies, stopping }).map(({ instance, generation, cells }) => [
    instance,
    generation,
    ...cells.slice(0, 2),
  ])

test('bodies are shown by generation and instance, each with its state', (t) => {
  const bodies = [
    body(3, 1, false),
    body(2, 1, true),
    body(1, 0, false),
    body(2, 0, true),
    body(3, 0, false),
    body(1, 1, true, true),
  ]
  t.deepEqual(shown(bodies), [
    ['0', '1', 'ending', '100'],
    ['1', '1', 'draining', '101'],
    ['0', '2', 'ready', '200'],
    ['1', '2', 'ready', '201'],
    ['0', '3', 'starting', '300'],
    ['1', '3', 'starting', '301'],
  ])
})

test('all bodies of a daemon that stops end, but those that have finished their work before', (t) => {
  const bodies = [body(1, 0, true, true), body(2, 0, false), body(2, 1, true)]
  const states = shown(bodies, true).map(([, , state]) => state)
  t.deepEqual(states, ['draining', 'ending', 'ready'])
})

test('what the system hides is a dash, and without a keeper there is no row', (t) => {
  const [{ cells }] = bodyRows({ bodies: [body(1, 0, true)] })
  t.deepEqual(cells, ['ready', '100', '-', '-', '-'])
  t.deepEqual(bodyRows({}), [])
})
