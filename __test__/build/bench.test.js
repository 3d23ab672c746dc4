// What the comparison with others writes: the table, the plot, and which samples it has them from.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { listening } from '../../bench/peers/lab.js'
import { plot } from '../../bench/peers/plot.js'
import { page } from '../../bench/peers/table.js'
import { inTurn, Samples } from '../../bench/peers/turns.js'
import { isDead } from '../../scripts/lib/processes.js'
import { folder, ROOT, stat, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const peer = (name, figures, more = {}) => ({ name, figures, samples: {}, ...more })

const report = (more) => ({
  node: 'v0.0.0',
  platform: 'linux',
  arch: 'x64',
  cores: 2,
  rounds: 3,
  many: 50,
  idle: { waits: 4, inVain: 1 },
  peers: [],
  failures: [],
  musts: [],
  ...more,
})

/** The cells of the row that begins so. */
const row = (text, label) => {
  const line = text.split('\n').find((one) => one.startsWith(`| ${label}`))
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

test('a peer that cannot do a thing has a dash, and one that is not there is named with the reason', (t) => {
  const text = page(
    report({
      peers: [
        peer('daimon', { 'start.command': 90.123, instances: 1, 'memory.many': 0.5 }),
        peer('spawn', { instances: 20 }),
        peer('daemonocle', {}, { unavailable: 'there is no python3' }),
      ],
    }),
  )
  t.deepEqual(row(text, ' |'), ['', 'daimon', 'spawn', 'daemonocle: not available'])
  t.deepEqual(row(text, 'start by command').slice(1), ['90.1', '–', '–'])
  t.deepEqual(row(text, '**instances').slice(1), ['1', '20', '–'])
  t.deepEqual(row(text, 'the same, 50 daemons, MB').slice(1), ['0.500', '–', '–'])
  t.true(text.includes('- daemonocle is not available: there is no python3'))
  t.true(text.includes('1 of 4 waits for an idle machine were in vain'))
})

test('what broke off is told below the table', (t) => {
  const failures = [{ peer: 'pm2', what: 'verbs by api', reason: 'pm2: start: not within 60 s' }]
  t.true(page(report({ failures })).includes('- pm2, verbs by api: pm2: start: not within 60 s'))
})

test('a must has its value, its bound, and a verdict; one that could not be measured is not met by that', (t) => {
  const must = { unit: 'ms', bound: 3, detail: '' }
  const text = page(
    report({
      musts: [
        { ...must, name: 'a', value: 2.5, met: true },
        { ...must, name: 'b', value: 3.5, met: false },
        { ...must, name: 'c', value: undefined, met: undefined },
      ],
    }),
  )
  t.deepEqual(row(text, 'a'), ['a', '2.50 ms', '≤ 3 ms', 'met'])
  t.deepEqual(row(text, 'b'), ['b', '3.50 ms', '≤ 3 ms', '**not met**'])
  t.deepEqual(row(text, 'c'), ['c', '–', '≤ 3 ms', 'not measured'])
})

test('the plot is SVG with a bar for each peer that has the figure, as long as the figure is large', (t) => {
  const peers = [
    peer('daimon', { 'stop.command': 50 }),
    peer('<pm2> & "co"', { 'stop.command': 200 }),
    peer('spawn', {}),
  ]
  const lines = plot(report({ peers })).trimEnd().split('\n')
  t.regex(
    lines[0],
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+" viewBox="0 0 \d+ \d+"/,
  )
  t.is(lines.at(-1), '</svg>')
  const element = /^<(?:rect (?:[a-z]+="[^"<>]*" ?)+\/>|text (?:[a-z-]+="[^"<>]*" ?)+>[^<>]*<\/text>)$/
  for (const line of lines.slice(1, -1)) t.regex(line, element)
  t.true(lines.some((line) => line.includes('&#60;pm2&#62; &#38; &#34;co&#34;')))
  const bars = lines.flatMap((line) => /^<rect x="\d+".* width="([\d.]+)"/.exec(line)?.[1] ?? []).map(Number)
  t.is(bars.length, 2)
  t.is(bars[1], 4 * bars[0])
})

test('subjects take turns, and one that fails is left out of the rounds that follow', async (t) => {
  const calls = []
  const failures = []
  const subject = (name, fails) => ({
    name,
    async measure(round) {
      calls.push(`${name}${round}`)
      if (fails && round === 1) throw new Error('broken')
    },
  })
  const said = []
  const subjects = [subject('a'), subject('b', true), subject('c')]
  await inTurn(3, subjects, failures, 'verbs', (text) => said.push(text))
  t.deepEqual(calls, ['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'c2'])
  t.deepEqual(failures, [{ peer: 'b', what: 'verbs', reason: 'broken' }])
  t.is(said.length, 1)
})

test('a figure is the median of its samples', (t) => {
  const samples = new Samples()
  for (const value of [9, 1, 5, 7]) samples.add('a', 'start', value)
  t.is(samples.median('a', 'start'), 6)
  t.is(samples.median('b', 'start'), undefined)
})

test('an app that is being measured records its PID and when it began to listen', async (t) => {
  const place = folder(t)
  const record = place.write('record', '')
  const begin = process.hrtime.bigint()
  const app = place.spawn([join(ROOT, 'bench/peers/app.cjs'), '0', record, 'plain'])
  const instance = await listening({ record })
  t.is(instance.pid, app.pid)
  t.true(begin < instance.listening && instance.listening < process.hrtime.bigint())
})

const FIRST_THREAD_ENDS = `
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)`

needs('python3', 'processor of its own')(
  'a process whose first thread alone has ended is not dead',
  async (t) => {
    const child = spawn('python3', ['-c', FIRST_THREAD_ENDS], { stdio: 'ignore' })
    const exit = once(child, 'exit')
    try {
      await until(() => stat(child.pid).state === 'Z', 'the end of the first thread')
      t.false(isDead(child.pid))
    } finally {
      child.kill('SIGKILL')
      await exit
    }
    t.true(isDead(child.pid))
  },
)

test('a peer that nobody knows is a wrong command line, which names all', (t) => {
  const args = [join(ROOT, 'bench/index.js'), '--peers', '--only', 'nobody']
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  t.is(status, 2)
  t.regex(stderr, /^--only nobody: it is one of daimon, spawn, .*, daemonize, musts, keeper\n/)
})
