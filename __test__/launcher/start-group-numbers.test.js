// Numbers of process groups are given again: nobody who got one is signalled in the place of a daemon's group.
import { fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** PID 1 of the namespace, which collects whoever has ended. */
const INIT = ['-pf', '--mount-proc', 'sh', '-c', '"$@"; exit $?', 'sh', process.execPath]

/** Longer than it takes to stop a process that stops the daemon, in milliseconds. */
const STOP_TIMEOUT = 3_000

/** Runs the fixture and gives what it has seen. */
async function numbers(place, what) {
  place.write(
    'daemon.mjs',
    `import { appendFileSync, writeFileSync } from 'node:fs'
     process.on('SIGTERM', () => writeFileSync('asked', ''))
     writeFileSync('up', String(process.pid))
     setInterval(() => {}, 1e6)`,
  )
  place.write(
    'launcher.mjs',
    `import { Daemon } from "DAIMON"
     const ready = ${what === 'stop' ? "'auto'" : "'manual'"}
     const daemon = new Daemon({ pidFile: 'a.pid', script: 'daemon.mjs', cwd: '.', ready })
     console.log(await daemon.start().then(({ state }) => state, ({ code }) => code))`,
  )
  place.write(
    'stop.mjs',
    `import { Daemon } from "DAIMON"
     const { forced } = await new Daemon({ pidFile: 'a.pid', stopTimeout: ${STOP_TIMEOUT}, stopGroup: true }).stop()
     console.log(forced)`,
  )
  const args = [...INIT, fixture('launcher/numbers.mjs'), what, place.path, String(STOP_TIMEOUT)]
  await place.command('unshare', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return JSON.parse(place.read('result'))
}

needs('root', 'PID namespaces')(
  'the number of a half-started group is given to nobody as long as its launcher may signal it',
  async (t) => {
    const seen = await numbers(folder(t), 'start')
    t.deepEqual(seen, {
      outcome: 'ERR_DAEMON_START_FAILED',
      given: false,
      disguised: false,
      survived: true,
    })
  },
)

needs('root', 'PID namespaces')(
  "a stop of a group whose number, and whose daemon's PID, have been given away signals nobody",
  async (t) => {
    const seen = await numbers(folder(t), 'stop')
    t.like(seen, { given: true, disguised: true, survived: true })
  },
)
