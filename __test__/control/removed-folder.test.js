// In a folder that has been removed: whatever needs none works, and what needs one says so.
import { mkdirSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, BIN, idle, logged, PLAIN } from '../helpers/cli.js'
import { fixture, folder } from '../helpers/index.js'

/** Runs Node in a folder that is gone by then. */
function removed(place, ...args) {
  const text = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"'
  return place.command('sh', ['-c', text, process.execPath, ...args], { env: PLAIN })
}

/** The command there. */
const daimon = (place, ...args) => removed(place, BIN, ...args)

async function running(place, options = {}) {
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: idle(place), cwd: '/', ...options })
  await daemon.start()
  return daemon
}

test.serial('every verb of the package that needs no folder works in a removed one', async (t) => {
  const place = folder(t)
  await running(place, { log: place.file('a.log') })
  place.write('a.log', 'said\n')
  const args = [fixture('control/removed-folder.js'), place.file('a.pid'), place.file('idle.mjs'), place.path]
  const { code, stdout, stderr } = await removed(place, ...args)
  t.deepEqual([code, stderr], [0, ''], stdout)
  const said = JSON.parse(stdout)
  t.like(said, {
    folder: 'ENOENT',
    status: 'running',
    named: 'stopped',
    send: 'done',
    reload: 'done',
    logs: 'said',
    stop: true,
    later: 'running',
  })
  for (const name of ['relative', 'relative send']) {
    const { code, option, message } = said[name]
    t.deepEqual([code, option], ['ERR_DAEMON_INVALID_OPTION', 'pidFile'])
    t.regex(
      message,
      /'a\.pid'.* relative to the current folder, which is no longer there\. Give an absolute path\.$/,
    )
  }
  const refused = said.start
  t.like(refused, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'cwd' })
  t.regex(refused.message, /the current folder is no longer there\. Give 'cwd'\.$/)
  t.is(said['start with a folder'].state, 'running')
})

for (const [verb, ...words] of [
  ['status'],
  ['reload'],
  ['signal', 'CONT'],
  ['logs'],
  ['stop'],
  ['stop', '--stop-timeout', '9000'],
]) {
  test.serial(`${[verb, ...words].join(' ')} works in a removed folder`, async (t) => {
    const place = folder(t)
    await running(place, { log: place.file('a.log') })
    const { code, stderr } = await daimon(place, verb, ...at(place), ...words)
    t.is(code, 0, stderr)
  })
}

test.serial('so do list, completion and unit logrotate, which are about no folder', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('home'))
  const env = { ...PLAIN, DAIMON_HOME: place.file('home') }
  const text = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"'
  for (const args of [
    ['list'],
    ['list', '--folder', place.path],
    ['stop', '--all'],
    ['completion', 'bash'],
    ['completion', 'names'],
    ['unit', 'logrotate', '--name', 'web'],
    ['unit', 'logrotate', '--name', 'web', '--log-max-size', '10'],
    ['unit', 'systemd', '--name', 'web', '--cwd', '/', idle(place)],
    ['help'],
  ]) {
    const done = await place.command('sh', ['-c', text, process.execPath, BIN, ...args], { env })
    t.is(done.code, 0, `${args.join(' ')}: ${done.stderr}`)
  }
})

test.serial('what needs a folder says so, and names no flag that the verb does not have', async (t) => {
  const place = folder(t)
  const script = idle(place)
  const cases = [
    [
      ['start', ...logged(place), script],
      /^daimon: --cwd is missing, and the current folder is no longer there\. Give --cwd\.\n$/,
    ],
    [
      ['run', ...at(place), script],
      /^daimon: --cwd is missing, and the current folder is no longer there\. Give --cwd\.\n$/,
    ],
    [
      ['start', ...logged(place), 'idle.mjs'],
      /^daimon: The script \('idle\.mjs'\) is relative to .* Give an absolute path\.\n$/,
    ],
    [
      ['status', '--pid-file', 'a.pid'],
      /^daimon: --pid-file \('a\.pid'\) is relative to the current folder, which is no longer there\. Give an absolute/,
    ],
    [
      ['logs', ...at(place), '--log', 'a.log'],
      /^daimon: --log \('a\.log'\) is relative to .* Give an absolute path\.\n$/,
    ],
    [
      ['list', '--folder', 'x'],
      /^daimon: 'x' is relative to the current folder, which is no longer there: give an absolute path\. See/,
    ],
    [
      ['unit', 'systemd', '--name', 'web', script],
      /^daimon: which folder\? The current one is no longer there: give --cwd DIR\. See/,
    ],
    [
      ['unit', 'systemd', '--name', 'web', 'idle.mjs'],
      /^daimon: 'idle\.mjs' is relative to .*: give an absolute path\. See/,
    ],
  ]
  for (const [args, line] of cases) {
    const { code, stdout, stderr } = await daimon(place, ...args)
    t.deepEqual([code, stdout], [2, ''], args.join(' '))
    t.regex(stderr, line)
  }
  t.is((await daimon(place, 'start', ...logged(place), '--cwd', place.path, script)).code, 0)
})
