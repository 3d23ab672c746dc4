// Who else may use the pipe of a daemon: nobody from another machine, and no other user but administrators.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { content, fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { hears, TAG } from '../helpers/windows-daemons.js'

const PIPES = '\\\\.\\pipe\\'
/** By a share, so that Windows takes this machine for another one. */
const REMOTE = '\\\\127.0.0.1\\pipe\\'

const pipes = () => readdirSync(PIPES)

/** Opens a pipe as a client; the error's code, or undefined. */
function refusal(path) {
  try {
    closeSync(openSync(path, 'r+'))
    return undefined
  } catch (error) {
    return error.code
  }
}

needs('real Windows')('a client from another machine is refused', async (t) => {
  const place = folder(t)
  const before = pipes()
  const daemon = hears(place, 'cjs', ['SIGHUP'])
  await daemon.start()
  const made = pipes().filter((name) => !before.includes(name) && TAG.test(name))
  t.true(made.length > 0, pipes().join(' '))
  const server = createServer((socket) => socket.destroy()).listen(`${PIPES}daimon-test-${process.pid}`)
  t.teardown(() => server.close())
  // Others are not: the test reaches pipes by a share.
  t.is(refusal(`${REMOTE}daimon-test-${process.pid}`), undefined)
  for (const name of made) {
    t.is(refusal(`${PIPES}${name}`), undefined, name)
    t.not(refusal(`${REMOTE}${name}`), undefined, name)
  }
  t.like(await daemon.with({ stopTimeout: 1_000 }).stop(), { wasRunning: true })
})

needs('real Windows', 'administrator')('another user can read the pidfile, and no more', async (t) => {
  const place = folder(t)
  const daemon = hears(place, 'cjs', ['SIGHUP'])
  const { pid } = await daemon.start()
  // All users may read what is in the folder.
  t.is(spawnSync('icacls', [place.path, '/grant', '*S-1-5-32-545:(OI)(CI)RX', '/T']).status, 0)
  const script = [fixture('windows/as-another-user.ps1'), process.execPath, fixture('windows/meddles.mjs')]
  const flags = ['-NoProfile', '-ExecutionPolicy', 'Bypass', '-File']
  const { stdout, stderr } = await place.command('powershell', [...flags, ...script, place.file('a.pid')])
  t.deepEqual(
    JSON.parse(stdout || JSON.stringify(stderr)),
    { pid, status: 'unverified', signal: 'ERR_DAEMON_UNVERIFIED', stop: 'ERR_DAEMON_UNVERIFIED' },
    stderr,
  )
  t.is(content(place.file('heard')), undefined)
  t.true(existsSync(place.file('a.pid')))
  t.like(await daemon.status(), { state: 'running', pid })
  t.like(await daemon.with({ stopTimeout: 1_000 }).stop(), { wasRunning: true })
})
