// Several upgrades in a row: a connection that the first program is still using follows through all generations.
import { once } from 'node:events'
import { connect } from 'node:net'
import test from 'ava'
import { alive, content, fixture, folder, kill, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'

const CONNECTIONS = 8

/** A connection whose first answer is held. What follows is asked as soon as that has come. */
async function held(t, port) {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const ask = (path) => socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
  let text = ''
  let asked = 1
  const answers = () => Array.from(text.matchAll(/\r\n\r\n(\d+)/g), ([, pid]) => Number(pid))
  socket.setEncoding('latin1').on('data', (more) => {
    text += more
    if (answers().length !== asked || asked === 3) return
    asked++
    ask('/')
  })
  // Its end is seen by its answers, which are too few then.
  socket.on('error', () => {})
  await once(socket, 'connect')
  ask('/held')
  return { socket, answers, isLast: () => text.includes('Connection: close') }
}

/** Upgrades that many times, while connections wait for an answer. With a hook an end waits to be let. */
async function replaced(t, { upgrades, instances = 1, hasHook = true }) {
  const place = folder(t)
  const script = fixture('keeper/held.cjs')
  const options = { script, instances, drainTimeout: 600_000, stopTimeout: 600_000 }
  const env = { GO: place.file('go'), ...(hasHook ? { HOOK: place.file('hook') } : {}) }
  const { daemon, port } = await kept(place, options, env)
  await daemon.start()
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => held(t, port)))
  const asked = () => (content(place.file('go.asked')) ?? '').split('\n').slice(0, -1).map(Number)
  await until(() => asked().length === CONNECTIONS)
  const generations = [await serving(daemon)]
  for (let count = 0; count < upgrades; count++) {
    await daemon.upgrade()
    generations.push(await serving(daemon))
  }
  return {
    daemon,
    clients,
    generations,
    asked,
    answer: () => place.write('go', ''),
    letEnd: () => place.write('hook', ''),
  }
}

for (const [upgrades, instances] of [
  [1, 1],
  [2, 1],
  [3, 1],
  [3, 2],
]) {
  test.serial(
    `connections of the first program are served by the last: upgrades ${upgrades}, instances ${instances}`,
    async (t) => {
      const all = await replaced(t, { upgrades, instances })
      const { daemon, clients, generations, asked, answer, letEnd } = all
      answer()
      await until(() => clients.every(({ socket, answers }) => answers().length === 3 || socket.closed))
      const [first, last] = [asked().toSorted(), generations.at(-1)]
      const answers = clients.map((client) => client.answers())
      t.deepEqual(answers.map(([pid]) => pid).toSorted(), first)
      t.deepEqual(
        answers.map(({ length }) => length),
        Array(CONNECTIONS).fill(3),
      )
      t.true(answers.every(([, ...others]) => others.every((pid) => last.includes(pid))))
      letEnd()
      // Whoever has no more to hand over ends, and so do those that have waited for it.
      await until(() => !generations.slice(0, -1).flat().some(alive))
      t.false(clients.some(({ socket, isLast }) => socket.closed || isLast()))
      await daemon.stop()
    },
  )
}

test.serial('a program that is replaced waits no longer for one before it that dies', async (t) => {
  const { daemon, generations } = await replaced(t, { upgrades: 2, hasHook: false })
  const [[first], [second], [third]] = generations
  t.true(alive(second))
  kill(first)
  await until(() => !alive(second))
  t.deepEqual(await serving(daemon), [third])
  await daemon.stop()
})

test.serial(
  'one whose successor dies serves itself what still comes, to the end of the answer',
  async (t) => {
    const { daemon, clients, generations, answer } = await replaced(t, { upgrades: 2, hasHook: false })
    const [[first], [second], [third]] = generations
    kill(third)
    await until(() => !alive(third))
    answer()
    await until(() => clients.every(({ socket }) => socket.closed))
    for (const { answers, isLast } of clients) {
      const [held, ...others] = answers()
      t.is(held, first)
      t.true(others.length > 0 && others.every((pid) => pid === second))
      t.true(isLast())
    }
    await until(() => !alive(first) && !alive(second))
    await daemon.stop()
  },
)
