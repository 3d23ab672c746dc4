// `list` and `stop --all`: in folders of their own, so that no daemon of this machine is met.
import test from 'ava'
import { at, daimon, idle, logged, privately } from '../helpers/cli.js'
import { alive, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { hold } from '../helpers/pidfile.js'

const own = needs('root', 'mount namespaces', 'python3')

own('list shows the named daemons with state, PID, memory and log', async (t) => {
  const place = folder(t)
  const script = idle(place)
  const { stdout, stderr } = await privately(
    place,
    `daimon list; daimon list --json
    daimon start --name a ${script}; daimon start --name b.c --log ${place.file('b.log')} ${script}
    daimon start --name gone ${script}; kill -9 $(cat /run/daimon/gone.pid)
    while kill -0 $(cat /run/daimon/gone.pid) 2>/dev/null; do sleep 0.01; done
    echo > /run/daimon/.hidden.pid; echo > /run/daimon/other; mkdir /run/daimon/dir.pid
    daimon list; daimon list --json; daimon completion names`,
  )
  t.true(stderr.startsWith('there is no named daemon\n'), stderr)
  const lines = stdout.trimEnd().split('\n')
  t.is(lines[0], '[]')
  t.regex(lines[1], /^NAME {2,}STATE {2,}PID {2,}UPTIME {2,}MEMORY {2,}CPU {2,}LOG$/)
  t.regex(
    lines[2],
    /^a {2,}running {2,}\d+ {2,}\d.* s {2,}\d+\.\d MB {2,}0\.\d s {2,}\/var\/log\/daimon\/a\.log$/,
  )
  t.regex(lines[3], new RegExp(`^b\\.c {2,}running .* ${place.file('b.log')}$`))
  t.regex(lines[4], /^dir {2,}unverified {2,}- {2,}- {2,}- {2,}- {2,}-$/)
  t.regex(lines[5], /^gone {2,}crashed {2,}-/)
  const rows = JSON.parse(lines[6])
  t.deepEqual(
    rows.map(({ name, state }) => [name, state]),
    [
      ['a', 'running'],
      ['b.c', 'running'],
      ['dir', 'unverified'],
      ['gone', 'stopped'],
    ],
  )
  t.like(rows[0], { pidFile: '/run/daimon/a.pid', log: '/var/log/daimon/a.log' })
  for (const key of ['pid', 'memory', 'cpu', 'uptime']) t.is(typeof rows[0][key], 'number', key)
  t.deepEqual(lines.slice(7), ['a', 'b.c', 'dir', 'gone'], 'for completions')
})

own('stop --all stops the named daemons, and no other', async (t) => {
  const place = folder(t)
  const script = idle(place)
  place.write('c.pid', '')
  const stranger = await hold(place, [place.file('c.pid')], 'write')
  await daimon(place, 'start', ...logged(place, 'own'), script)
  const { stdout, stderr } = await privately(
    place,
    `daimon stop --all; for name in a b; do daimon start --name $name ${script} 2>/dev/null; done
    daimon list --folder ${place.path} --json; daimon stop --all --json; echo $?; daimon list --json
    daimon stop --all; daimon stop --all --folder ${place.path}; echo $?`,
  )
  const lines = stdout.trimEnd().split('\n')
  t.deepEqual(
    JSON.parse(lines[0]).map(({ name }) => name),
    ['a', 'b', 'c', 'own'],
  )
  t.deepEqual(
    JSON.parse(lines[1]).map(({ name, wasRunning }) => [name, wasRunning]),
    [
      ['a', true],
      ['b', true],
    ],
  )
  t.deepEqual(lines.slice(2), ['0', '[]', '2'])
  t.regex(stderr, /^no daemon is running\nno daemon is running\ndaimon: unknown flag --folder/)
  t.true(alive(stranger))
  t.is((await daimon(place, 'status', ...at(place, 'own'))).code, 0)
})

own('stop --all goes on where one cannot be stopped, and is 1', async (t) => {
  const place = folder(t)
  const { stdout, stderr } = await privately(
    place,
    `mkdir -m 755 /run/daimon; touch /run/daimon/a.pid; chmod 600 /run/daimon/a.pid
    python3 -c 'import fcntl, time
f = open("/run/daimon/a.pid"); fcntl.flock(f, fcntl.LOCK_EX); print("held", flush=True); time.sleep(60)' &
    while flock -n /run/daimon/a.pid true; do sleep 0.01; done
    daimon start --name b ${idle(place)} 2>/dev/null
    daimon stop --all; echo $?; daimon stop --all --json; kill $!`,
  )
  const lines = stdout
    .trimEnd()
    .split('\n')
    .filter((line) => line !== 'held')
  t.is(lines[0], '1')
  t.like(JSON.parse(lines[1]), [{ name: 'a', error: { code: 'ERR_DAEMON_UNVERIFIED' } }])
  t.regex(stderr, /^a: [^\n]+\nb has stopped\n/)
})

test.serial('a folder given by flag that is none is told, with 1', async (t) => {
  const place = folder(t)
  const { code, stderr } = await daimon(place, 'list', '--folder', place.file('none'))
  t.is(code, 1)
  t.regex(
    stderr,
    /^daimon: the folder \S+ cannot be listed: ENOENT.+\. Name a folder that you may read\. --verbose shows more\.\n$/,
  )
  const verbose = await daimon(place, 'list', '--folder', place.file('none'), '--verbose')
  t.regex(verbose.stderr, /^ {2}cause: Error: ENOENT/m)
})

test.serial('a folder given by flag that is empty is a usage error, and not the current one', async (t) => {
  const place = folder(t)
  const { code, stdout, stderr } = await daimon(place, 'list', '--folder=')
  t.deepEqual([code, stdout], [2, ''])
  t.regex(stderr, /^daimon: --folder takes a path, not ''\. See "daimon list --help"\.\n$/)
})
