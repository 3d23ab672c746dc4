// What people are told of what they may not see or enter: that it is true, and what helps.
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import test from 'ava'
import { BIN, idle, logged, PLAIN } from '../helpers/cli.js'
import { fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

needs(
  'root',
  'PID namespaces',
  'setpriv',
)('a holder that hidepid hides is told to be hidden', async (t) => {
  const place = folder(t)
  chownSync(place.path, 65534, 65534)
  chmodSync(place.path, 0o755)
  const args = [fixture('cli/hidden.sh'), process.execPath, BIN, place.path, idle(place)]
  const isolated = ['--pid', '--mount', '--fork', '--mount-proc', '--kill-child', 'sh', ...args]
  const { code, stdout, stderr } = await place.command('unshare', isolated, { env: PLAIN })
  t.is(code, 0, stderr)
  const [seen, hidden, statusCode, stopCode, own] = stdout.trimEnd().split('\n')
  t.like(JSON.parse(seen), { state: 'running' })
  const { state, pid, reason } = JSON.parse(hidden)
  t.deepEqual([state, pid, statusCode, stopCode], ['unverified', JSON.parse(seen).pid, '4', '1'])
  t.regex(reason, /^its holder cannot be looked into from here: \/proc is mounted with hidepid/)
  t.regex(stderr, /cannot be looked into from here: .*hidepid.*; no signal was sent/)
  t.like(JSON.parse(own), { state: 'running' })
})

needs('root', 'setpriv')('a folder that is closed is told to be the current one', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  mkdirSync(place.file('closed'), { mode: 0o700 })
  mkdirSync(place.file('theirs'))
  chownSync(place.file('theirs'), 65534, 65534)
  const script = idle(place)
  const cwd = place.file('closed')
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, BIN]
  const command = (...args) => place.command('setpriv', [...nobody, ...args], { cwd, env: PLAIN })
  const which = ['--pid-file', place.file('theirs/a.pid'), '--log', place.file('theirs/a.log')]
  for (const verb of ['start', 'run']) {
    const { code, stderr } = await command(verb, ...which, script)
    t.is(code, 2)
    t.regex(
      stderr,
      /^daimon: --cwd is not given, so it is the current folder, .*\/closed' is not: EACCES.*\. Give --cwd\.\n$/,
    )
  }
  t.is((await command('status', ...which.slice(0, 2))).code, 3)
  t.is((await command('start', ...which, '--cwd', '/', script)).code, 0)
  t.is((await command('stop', ...which.slice(0, 2))).code, 0)
  // To the user that it becomes.
  const inside = place.write('closed/inside.mjs', '')
  const user = await place.node([BIN, 'start', ...logged(place), '--user', '65534', inside], {
    cwd,
    env: PLAIN,
  })
  t.is(user.code, 1)
  t.regex(
    user.stderr,
    /It runs in the current folder, \S+\/closed, which user 65534 may not enter: give --cwd\./,
  )
})

needs('root', 'setpriv')('an output that may not be seen is told, with the flag that helps', async (t) => {
  const place = folder(t)
  chmodSync(place.path, 0o755)
  const which = ['--pid-file', place.file('a.pid')]
  const start = ['start', ...which, '--pid-file-mode', '644', '--log', place.file('a.log'), idle(place)]
  t.is((await place.node([BIN, ...start], { env: PLAIN })).code, 0)
  const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, BIN]
  const { code, stderr } = await place.command('setpriv', [...nobody, 'logs', ...which], { env: PLAIN })
  t.is(code, 1)
  const seen =
    /^daimon: The log is missing, and the output of process \d+ cannot be seen\. Give --log FILE\. /
  t.regex(stderr, seen)
})

test.serial('a folder that is for log and pidfile is told once', async (t) => {
  const place = folder(t)
  place.write('file', '')
  const { code, stderr } = await place.node([BIN, 'start', '--name', 'a', idle(place)], {
    env: { ...PLAIN, DAIMON_HOME: place.file('file/home') },
  })
  t.is(code, 1)
  t.regex(
    stderr,
    /^daimon: the folder \S+ for the log cannot be made: ENOTDIR.*; give --log FILE and --pid-file FILE, or set/,
  )
  mkdirSync(place.file('open'))
  chmodSync(place.file('open'), 0o777)
  const open = await place.node([BIN, 'start', '--name', 'a', idle(place)], {
    env: { ...PLAIN, DAIMON_HOME: place.file('open') },
  })
  t.is(open.code, 1)
  t.regex(open.stderr, /mode is 777\): put it right, or give --log FILE and --pid-file FILE\n$/)
})
