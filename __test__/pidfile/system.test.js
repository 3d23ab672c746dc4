import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs'
import test from 'ava'
import { alive, fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { idle } from '../helpers/pidfile.js'

const START = fixture('pidfile/start.mjs')

/** A start in a mount namespace, after \`prepare\` has been done to the folder MOUNT; ends with a look at it. */
async function startMounted(place, prepare) {
  const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const steps = `set -e; mkdir mnt; ${prepare}; "$0" "$@"; echo; ls -lA mnt; cat mnt/*.pid 2>/dev/null || true`
  const args = ['-m', 'sh', '-c', steps, process.execPath, START, 'now', place.file('mnt/a.pid'), script]
  const { code, stdout, stderr } = await place.command('unshare', args)
  if (code !== 0) throw new Error(stderr)
  const [json, ...listing] = stdout.split('\n')
  return { error: JSON.parse(json), listing: listing.join('\n') }
}

needs('root', 'mount namespaces')(
  'a start on a read-only file system is a typed error that names the path',
  async (t) => {
    const place = folder(t)
    const prepare = 'mount -t tmpfs tmpfs mnt; mount -o remount,ro mnt'
    const { error } = await startMounted(place, prepare)
    t.like(error, { pidFile: place.file('mnt/a.pid'), cause: 'EROFS', after: 'stopped' })
    t.is(error.code, 'ERR_DAEMON_START_FAILED')
    t.true(error.message.includes(place.file('mnt/a.pid')), error.message)
    t.deepEqual(place.processes(), [])
  },
)

needs('root', 'mount namespaces')(
  'a stale pidfile on a read-only file system is refused and stays as it is',
  async (t) => {
    const place = folder(t)
    const prepare = 'mount -t tmpfs tmpfs mnt; echo 4194000 > mnt/a.pid; mount -o remount,ro mnt'
    const { error, listing } = await startMounted(place, prepare)
    t.like(error, { pidFile: place.file('mnt/a.pid'), cause: 'EROFS', after: 'stopped' })
    t.regex(listing, /^4194000$/m)
    t.deepEqual(place.processes(), [])
  },
)

const FULL = {
  'for its file': 'mount -t tmpfs -o nr_inodes=1 tmpfs mnt',
  'for its text': 'mount -t tmpfs -o size=4k tmpfs mnt; head -c 4096 /dev/zero > mnt/full',
}

for (const [name, prepare] of Object.entries(FULL)) {
  needs('root', 'mount namespaces')(
    `a start on a full disk without room ${name} is a typed error that names the path, and leaves nothing`,
    async (t) => {
      const place = folder(t)
      const { error, listing } = await startMounted(place, prepare)
      t.like(error, { code: 'ERR_DAEMON_START_FAILED', pidFile: place.file('mnt/a.pid'), cause: 'ENOSPC' })
      t.is(error.after, 'stopped')
      t.true(error.message.includes(place.file('mnt/a.pid')), error.message)
      t.notRegex(listing, /a\.pid/)
      t.deepEqual(place.processes(), [])
    },
  )
}

test.serial('with too few descriptors (EMFILE) every start fails typed and whole, or works', async (t) => {
  const place = folder(t)
  const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const program = fixture('pidfile/starves-starts.mjs')
  const shell = 'ulimit -n 80 && exec "$@"'
  const args = ['-c', shell, 'sh', process.execPath, program, place.file('a.pid'), script]
  const { code, stdout, stderr } = await place.command('sh', args)
  t.like({ code, stderr }, { code: 0, stderr: '' })
  const seen = JSON.parse(stdout)
  const last = seen.pop()
  t.true(last.ok, JSON.stringify(last))
  t.true(seen.length > 2)
  for (const [free, result] of seen.entries()) {
    const what = `with ${free} free: ${JSON.stringify(result)}`
    t.is(result.code, 'ERR_DAEMON_START_FAILED', what)
    t.is(result.cause, 'EMFILE', what)
    t.is(result.pidFile, place.file('a.pid'), what)
    t.is(result.state, 'stopped', what)
    t.false(result.left, what)
  }
  t.deepEqual(place.processes(), [Number(place.read('a.pid'))])
})

test.serial('with too few descriptors (EMFILE) every verb is unverified, or works', async (t) => {
  const place = folder(t)
  const { pid } = await idle(place).start()
  const program = fixture('pidfile/starves-verbs.mjs')
  const args = ['-c', 'ulimit -n 80 && exec "$@"', 'sh', process.execPath, program, place.file('a.pid')]
  const { code, stdout, stderr } = await place.command('sh', args)
  t.like({ code, stderr }, { code: 0, stderr: '' })
  const seen = JSON.parse(stdout)
  const worked = seen.filter(({ ok }) => ok).map(({ verb }) => verb)
  t.deepEqual(worked, ['status', 'signal', 'exited', 'stop'])
  for (const result of seen.filter(({ ok }) => !ok)) {
    const what = JSON.stringify(result)
    if (result.verb === 'status') t.is(result.state, 'unverified', what)
    else t.like(result, { code: 'ERR_DAEMON_UNVERIFIED', cause: 'EMFILE' }, what)
    t.is(typeof result.reason, 'string', what)
  }
  t.false(alive(pid))
})

/** Any user that has no processes. */
const UID = 54_321

needs(
  'root',
  'setpriv',
  'prlimit',
)('without another process (RLIMIT_NPROC) a start fails typed and leaves nothing', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('box'))
  chownSync(place.file('box'), UID, UID)
  chmodSync(place.path, 0o755)
  const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const user = [`--reuid=${UID}`, `--regid=${UID}`, '--clear-groups']
  const launcher = place.spawnCommand('setpriv', [
    ...user,
    process.execPath,
    START,
    'waits',
    place.file('box/a.pid'),
    script,
  ])
  await until(() => launcher.output().stdout === 'up', 'the launcher')
  const limit = ['prlimit', '--nproc=1', '--pid', String(launcher.pid)]
  t.like(await place.command('setpriv', [...user, ...limit]), { code: 0, stderr: '' })
  launcher.child.stdin.end('go')
  const { stdout, stderr } = await launcher.done
  t.is(stderr, '')
  const error = JSON.parse(stdout.slice(2))
  t.like(
    error,
    { code: 'ERR_DAEMON_START_FAILED', pidFile: place.file('box/a.pid'), cause: 'EAGAIN' },
    stdout,
  )
  t.is(error.after, 'stopped')
  t.false(existsSync(place.file('box/a.pid')))
  t.deepEqual(place.processes(), [])
})
