// `logs`, and readers that have seen enough.
import { appendFileSync, closeSync, openSync, renameSync } from 'node:fs'
import test from 'ava'
import { at, BIN, daimon, idle, logged, PLAIN } from '../helpers/cli.js'
import { content, folder, stat, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const shell = (place, line) =>
  place.command('bash', ['-c', `daimon() { "${process.execPath}" "${BIN}" "$@"; }; ${line}`], { env: PLAIN })

/** Lines 1 to 20, and nothing more. */
const TWENTY = "for (let n = 1; n <= 20; n++) console.log('line ' + n); setInterval(() => {}, 1e6)"
const lines = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}\n`).join('')

test.serial('logs shows the last lines of the log, whether the daemon runs or not', async (t) => {
  const place = folder(t)
  await daimon(place, 'start', ...logged(place), place.write('twenty.mjs', TWENTY))
  t.like(await daimon(place, 'logs', ...at(place)), { code: 0, stdout: lines(11, 20), stderr: '' })
  t.is((await daimon(place, 'logs', ...at(place), '--lines', '3')).stdout, lines(18, 20))
  t.is((await daimon(place, 'logs', ...at(place), '--lines', 'infinity')).stdout, lines(1, 20))
  const { stdout } = await daimon(place, 'logs', ...at(place), '--json', '--lines=2')
  t.is(stdout, '{"line":"line 19"}\n{"line":"line 20"}\n')
  await daimon(place, 'stop', ...at(place))
  t.is((await daimon(place, 'logs', ...logged(place), '--lines', '1')).stdout, lines(20, 20))
  // As logrotate leaves it, of a daemon that makes no new one.
  renameSync(place.file('a.log'), place.file('a.log.1'))
  t.is((await daimon(place, 'logs', ...logged(place), '--lines', '1')).stdout, lines(20, 20))
})

test.serial('logs -f shows what comes, and Ctrl-C ends it with 0', async (t) => {
  const place = folder(t)
  const start = ['start', ...logged(place), place.write('twenty.mjs', TWENTY)]
  await daimon(place, ...start)
  const follower = place.spawn([BIN, 'logs', ...at(place), '-f', '--lines', '1'], { env: PLAIN })
  await until(() => follower.output().stdout === lines(20, 20), 'the last line')
  appendFileSync(place.file('a.log'), 'new\n')
  await until(() => follower.output().stdout.endsWith('new\n'), 'the new line')
  follower.child.kill('SIGINT')
  t.like(await follower.done, { code: 0, signal: null, stdout: `${lines(20, 20)}new\n`, stderr: '' })
  t.is((await daimon(place, 'status', ...at(place))).code, 0)
})

test.serial('logs -f waits for a log that is not there yet', async (t) => {
  const place = folder(t)
  const follower = place.spawn([BIN, 'logs', ...logged(place), '-f'], { env: PLAIN })
  await daimon(place, 'start', ...logged(place), place.write('twenty.mjs', TWENTY))
  await until(() => follower.output().stdout.endsWith(lines(20, 20)), 'the lines')
  follower.child.kill('SIGINT')
  t.is((await follower.done).code, 0)
})

test.serial('logs of a log that is given asks no pidfile', async (t) => {
  const place = folder(t)
  place.write('a.pid/inside', '')
  place.write('a.log', 'line 1\n')
  t.like(await daimon(place, 'logs', ...logged(place)), { code: 0, stdout: lines(1, 1), stderr: '' })
})

test.serial('logs without a log is 1, and says where it looked', async (t) => {
  const place = folder(t)
  const { code, stdout, stderr } = await daimon(place, 'logs', ...logged(place))
  t.deepEqual([code, stdout], [1, ''])
  t.is(stderr, `daimon: there is no log ${place.file('a.log')} yet: give another --log\n`)
  await daimon(place, 'start', ...at(place), '--stdout', '/dev/null', idle(place))
  const other = await daimon(place, 'logs', ...at(place))
  t.is(other.code, 1)
  t.regex(
    other.stderr,
    /^daimon: The log is missing, and the output of process \d+ goes to \/dev\/null\. It keeps no log: [^\n]+\n$/,
  )
})

needs('bash')('a reader that has seen enough is no error, and ends logs -f', async (t) => {
  const place = folder(t)
  await daimon(place, 'start', ...logged(place), place.write('twenty.mjs', TWENTY))
  const which = `--pid-file ${place.file('a.pid')}`
  const quiet = { code: 0, stderr: '' }
  t.like(await shell(place, `set -o pipefail; daimon list --json | true`), quiet)
  t.like(await shell(place, `set -o pipefail; daimon status ${which} --json | true`), quiet)
  const follow = `(daimon logs ${which} -f --lines 20; echo "=> $?" > ended) | head -1`
  const feeding = `${follow} & while [ ! -e ended ]; do echo more >> a.log; sleep 0.02; done; wait`
  const { code, stdout, stderr } = await shell(place, feeding)
  t.deepEqual([code, stderr], [0, ''])
  // The feeder may have been faster than the program's start.
  t.regex(stdout, /^(?:line \d+|more)\n$/)
  t.is(content(place.file('ended')), '=> 0\n')
})

needs('bash')('texts that nobody can see change nothing', async (t) => {
  const place = folder(t)
  const start = `start ${logged(place).join(' ')} ${idle(place)}`
  t.like(
    await shell(place, `daimon ${start} 2> >(true) && daimon stop ${at(place).join(' ')} 2>&-; echo $?`),
    {
      stdout: '0\n',
    },
  )
})

test.serial('an output that cannot be written is 1, and told', async (t) => {
  const place = folder(t)
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  // To a status 1 would mean that the daemon has crashed.
  for (const [args, expected] of [
    [['--version'], 1],
    [['status', ...at(place), '--json'], 4],
  ]) {
    if (expected === 4) await daimon(place, 'start', ...logged(place), idle(place))
    const options = { env: PLAIN, stdio: ['ignore', full, 'pipe'] }
    const { code, stderr } = await place.node([BIN, ...args], options)
    t.is(code, expected)
    t.regex(stderr, /^daimon: .*ENOSPC.* Make room for the output, or send it elsewhere\.\n$/)
  }
})

test.serial('logs keeps little in memory for a reader that is slow', async (t) => {
  const place = folder(t)
  place.write('a.log', 'a line of some length, as there are many in a log\n'.repeat(1_000_000))
  const args = [BIN, 'logs', ...logged(place), '--lines', 'infinity']
  const { child, pid, done } = place.spawn(args, { env: PLAIN, stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.pause()
  // It has written what a pipe holds, and waits for us: asleep at each of many looks.
  let asleep = 0
  await until(() => {
    asleep = child.stdout.readableLength > 0 && stat(pid).state === 'S' ? asleep + 1 : 0
    return asleep > 50
  }, 'a pause')
  const memory = /^VmRSS:\s+(\d+)/m.exec(content(`/proc/${pid}/status`))[1]
  t.true(memory < 130_000, `${memory} kB`)
  child.stdout.destroy()
  t.is((await done).code, 0)
})
