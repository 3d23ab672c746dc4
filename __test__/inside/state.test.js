// The state that all copies of the package in a process share: its phases, and its members, which are a contract.
import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import { STATE_ABI } from '../../build/binding/shared.js'
import { SignalActions } from '../../build/inside/signals/actions.js'
import { State } from '../../build/inside/state.js'

globalThis.DAIMON_VERSION = '0.0.0'

function made(phase, kind = 'program') {
  const heard = []
  const hear = (name) => () => void heard.push(name)
  const names = ['ready', 'ending', 'listening', 'enter', 'unclaimed']
  const parts = { binding: {}, pid: 1, pidFile: '/a.pid', detached: true, settings: { kind }, args: [] }
  const state = new State(parts, phase, Object.fromEntries(names.map((name) => [name, hear(name)])))
  return { state, heard, hear }
}

test('a claim begins in the next turn, with folder and rights, and there is no second one', async (t) => {
  const { state, heard, hear } = made('unclaimed')
  t.true(state.claim(hear('body')))
  t.is(state.phase, 'pending')
  t.false(state.claim(hear('another body')))
  t.deepEqual(heard, [])
  await turn()
  t.is(state.phase, 'begun')
  t.deepEqual(heard, ['enter', 'body'])
  t.false(state.mayClaim)
  t.false(state.claim(hear('another body')))
})

test('a script is its own body, until it brings another one, once', async (t) => {
  const { state, heard, hear } = made('unclaimed', 'script')
  state.becomeScript()
  t.deepEqual([state.phase, state.hasOwnBody, heard], ['script', false, ['enter']])
  t.throws(() => state.becomeScript(), { message: 'daimon: script cannot follow script' })
  t.true(state.claim(hear('body')))
  t.true(state.hasOwnBody)
  await turn()
  t.throws(() => state.becomeScript(), { message: 'daimon: script cannot follow begun' })
})

test('a process whose set-up has failed takes no body', (t) => {
  const { state } = made('script', 'script')
  state.fail(new Error('body'), { isSetUp: false })
  t.deepEqual([state.hasFailed, state.setUpFailure, state.mayClaim], [true, undefined, true])
  const error = new Error('set-up')
  state.fail(error, { isSetUp: true })
  t.is(state.setUpFailure.error, error)
  t.false(state.mayClaim)
})

test('ready is told once, to all that listen', (t) => {
  const { state, heard, hear } = made('begun')
  state.whenReady(hear('listener'))
  state.markReady()
  state.markReady()
  state.whenReady(hear('late listener'))
  t.deepEqual(heard, ['ready', 'listener', 'late listener'])
})

test('a loop that runs dry ends what has a context, and a daemon without a body has failed', (t) => {
  const { state, heard, hear } = made('unclaimed')
  state.construct('/b.pid', undefined)
  state.idle()
  state.mainEnded()
  t.deepEqual(heard, ['unclaimed', 'unclaimed'])
  state.construct('/a.pid', hear('claim'))
  state.mainEnded()
  t.is(heard.at(-1), 'claim')
  const script = made('script', 'script')
  script.state.idle()
  t.deepEqual(script.heard, [])
  script.state.hold({ context: {}, take() {}, end: script.hear('end') })
  script.state.idle()
  t.deepEqual(script.heard, ['end'])
})

/** What copies of other versions read and call. */
const MEMBERS = [
  'abi args beginScript binding constructor detached from isBegunByImport isWorker kept main pid pidFile settings',
  'sockets supervisor version actionsBy becomeScript claim construct context drain fail hasFailed hasOwnBody hold idle',
  'isReady isServed mainEnded markListening markReady mayClaim phase setUpFailure take tellEnd whenDraining whenReady',
]
const ACTIONS = 'arrangeAll constructor delete get hold performBy sayLast set setAll standBeside wait'

test('the members of the state are those of this layout: raise STATE_ABI when you change them', (t) => {
  const { state } = made('begun')
  const members = [...Object.keys(state), ...Object.getOwnPropertyNames(State.prototype)]
  const expected = MEMBERS.join(' ').split(' ')
  t.deepEqual([STATE_ABI, members.toSorted()], [1, expected.toSorted()])
  t.deepEqual(Object.getOwnPropertyNames(SignalActions.prototype).toSorted(), ACTIONS.split(' '))
})
