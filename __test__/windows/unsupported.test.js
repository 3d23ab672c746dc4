// What Windows has nothing for is refused before anything happens.
import { readdirSync } from 'node:fs'
import test from 'ava'
import { OPTIONS } from '../../build/options/table.js'
import { Daemon, UnsupportedError } from '../../dist/index.js'
import { absentFeatures } from '../helpers/absent.js'
import { daimon } from '../helpers/cli.js'
import { folder } from '../helpers/index.js'
import { bodied, hears } from '../helpers/windows-daemons.js'

/** A value that the check of an option lets pass, for those that do not take 7. */
const VALUES = {
  user: 'someone',
  group: 'someone',
  chroot: 'C:\\',
  umask: 0o027,
  pidFileMode: 0o640,
  limits: { nofile: 10 },
  coreDumps: true,
  noNewPrivileges: true,
  keepFds: [7],
  'socket.mode': { mode: 0o660 },
  respawn: 'never',
  program: 'redis-server',
  programArgs: ['--port', '7000'],
  listen: { web: 8080 },
  'log.maxSize': { file: 'a.log', maxSize: 1_000 },
  'log.keep': { file: 'a.log', maxSize: 1_000, keep: 3 },
  'log.compress': { file: 'a.log', maxSize: 1_000, compress: true },
  'log.mode': { file: 'a.log', mode: 0o640 },
}
const ABSENT = absentFeatures().filter((feature) => feature.split('.')[0] in OPTIONS)

/** It was refused so, and nothing has happened. */
async function isRefused(t, place, ask, feature) {
  const error = await t.throwsAsync(async () => ask(), { instanceOf: UnsupportedError })
  t.is(error.code, 'ERR_DAEMON_UNSUPPORTED')
  if (feature !== undefined) t.true(feature.includes(error.feature), error.feature)
  t.regex(error.message, /not supported on Windows/)
  t.deepEqual([readdirSync(place.path), place.processes()], [[], []])
}

for (const feature of ABSENT) {
  test.serial(`${feature} is refused`, async (t) => {
    const place = folder(t)
    const [option] = feature.split('.')
    const value = VALUES[feature] ?? 7
    // With several absent parts any of them may be named.
    const names = feature.startsWith('log.') ? ['log.maxSize', feature] : [feature]
    await isRefused(t, place, () => bodied(place, { [option]: value }).start('serve'), names)
  })
}

test.serial(
  'signals that Windows has no word for are refused, as a signal, an option, an action',
  async (t) => {
    const place = folder(t)
    for (const signal of ['SIGSTOP', 'SIGCONT', 'SIGWINCH', 'SIGCHLD', 19]) {
      await isRefused(t, place, () => hears(place, 'cjs').signal(signal), [String(signal)])
      await isRefused(t, place, () => hears(place, 'cjs', [], { stopSignal: signal }).stop(), [
        String(signal),
      ])
    }
    await isRefused(t, place, () => bodied(place, { signals: { SIGWINCH: 'stop' } }).start('serve'), [
      'SIGWINCH',
    ])
    await isRefused(t, place, () => bodied(place, { signals: { SIGUSR2: 'reopen' } }).start('serve'))
    const { code, stderr } = await daimon(place, 'signal', '--pid-file', place.file('a.pid'), 'SIGSTOP')
    t.true(code > 0)
    t.regex(stderr, /not supported on Windows/)
  },
)

test.serial('so are calls, and streams of the launcher', async (t) => {
  const place = folder(t)
  await isRefused(t, place, () => bodied(place).upgrade(), ['upgrade'])
  for (const stream of ['stdin', 'stdout', 'stderr']) {
    await isRefused(t, place, () => bodied(place, { [stream]: 'inherit' }).start('serve'), [stream])
  }
})

test.serial('what asks for nothing is not refused', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({
    ...{ pidFile: place.file('a.pid'), umask: 0o022, pidFileMode: 0o600, keepFds: [], coreDumps: undefined },
    ...{ noNewPrivileges: false, script: place.write('a.cjs', 'setInterval(() => {}, 1e6)') },
  })
  t.like(await daemon.start(), { state: 'running' })
  await daemon.stop()
})
