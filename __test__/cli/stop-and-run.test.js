// `stop`, and `run`, which is the daemon itself.
import { existsSync } from 'node:fs'
import test from 'ava'
import { at, daimon, idle, logged } from '../helpers/cli.js'
import { folder } from '../helpers/index.js'

test.serial('stop is 0 whether the daemon ran or not, and says which', async (t) => {
  const place = folder(t)
  const who = place.file('a.pid')
  await daimon(place, 'start', ...logged(place), idle(place))
  t.like(await daimon(place, 'stop', ...at(place)), { code: 0, stdout: '', stderr: `${who} has stopped\n` })
  t.like(await daimon(place, 'stop', ...at(place)), {
    code: 0,
    stdout: '',
    stderr: `${who} is not running\n`,
  })
  const { code, stdout } = await daimon(place, 'stop', ...at(place), '--json')
  t.deepEqual(
    [code, JSON.parse(stdout)],
    [0, { state: 'stopped', pidFile: who, stale: false, wasRunning: false, forced: false }],
  )
})

test.serial('stop is 1 when the daemon lives on', async (t) => {
  const place = folder(t)
  const script = place.write('deaf.mjs', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)")
  await daimon(place, 'start', ...logged(place), script)
  const stop = ['stop', ...at(place), '--stop-timeout', '50']
  const { code, stderr } = await daimon(place, ...stop, '--no-force-kill')
  t.is(code, 1)
  t.regex(stderr, /^daimon: Process \d+ has not ended within 50 ms and goes on running[^\n]*\n$/)
  t.like(await daimon(place, ...stop), {
    code: 0,
    stderr: `${place.file('a.pid')} did not stop in time and was killed\n`,
  })
})

test.serial('run is the daemon itself: its output and its exit code are its own', async (t) => {
  const place = folder(t)
  const script = place.write('run.mjs', "console.log('out'); console.error('err'); process.exit(7)")
  t.like(await daimon(place, 'run', ...at(place), script), { code: 7, stdout: 'out\n', stderr: 'err\n' })
  t.false(existsSync(place.file('a.pid')))
})

test.serial('run of what fails once it has begun something ends all the same, with 1', async (t) => {
  const place = folder(t)
  const script = place.write('late.mjs', "setInterval(() => {}, 1e6); await null; throw new TypeError('odd')")
  const { code, stdout, stderr } = await daimon(place, 'run', ...at(place), script)
  t.deepEqual([code, stdout, stderr], [1, '', 'daimon: TypeError: odd. --verbose shows more.\n'])
  t.false(existsSync(place.file('a.pid')))
})

test.serial('run of what runs already is 1', async (t) => {
  const place = folder(t)
  await daimon(place, 'start', ...logged(place), idle(place))
  const { code, stderr } = await daimon(place, 'run', ...at(place), idle(place))
  t.is(code, 1)
  t.regex(
    stderr,
    /^daimon: \S+: already running with PID \d+\. Stop it first, or wait for its end with --lock-timeout\.\n$/,
  )
})

test.serial('run leaves it to Node.js to say where a syntax error is', async (t) => {
  const place = folder(t)
  const { code, stderr } = await daimon(place, 'run', ...at(place), place.write('wrong.mjs', '\nfunction ('))
  t.is(code, 1)
  t.regex(stderr, /^file:\/\/\S+\/wrong\.mjs:2\r?\n/)
  t.false(existsSync(place.file('a.pid')))
})
