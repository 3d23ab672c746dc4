import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs'
import test from 'ava'
import { alive, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { idle } from '../helpers/pidfile.js'

/** Tells what a start came to. Standard output is a pipe, so nothing is lost at the end. */
const START = `
import { Daemon } from "DAIMON"
const [pidFile, script] = process.argv.slice(2)
const daemon = new Daemon({ pidFile, script, cwd: '/' })
const tell = (error) => {
  const { name, code, step, pidFile, message } = error
  return { name, code, step, pidFile, cause: error.cause?.code, message }
}
const result = await daemon.start().catch(tell)
console.log(JSON.stringify({ ...result, after: (await daemon.status()).state }))
`

/** A start in a mount namespace, after \`prepare\` has been done to the folder MOUNT; ends with a look at it. */
async function startMounted(place, prepare) {
  const program = place.write('start.mjs', START)
  const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const steps = `set -e; mkdir mnt; ${prepare}; "$0" "$@"; echo; ls -lA mnt; cat mnt/*.pid 2>/dev/null || true`
  const args = ['-m', 'sh', '-c', steps, process.execPath, program, place.file('mnt/a.pid'), script]
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
  // All descriptors but a few are used up: a few more in every round, until the start works.
  const program = place.write(
    'starve.mjs',
    `import { closeSync, existsSync, openSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     const [pidFile, script] = process.argv.slice(2)
     const daemon = new Daemon({ pidFile, script, cwd: '/', log: pidFile + '.log' })
     await daemon.status()
     const seen = []
     for (let free = 0; free < 40; free++) {
       const taken = []
       try { for (;;) taken.push(openSync('/dev/null')) } catch {}
       for (let count = 0; count < free; count++) closeSync(taken.pop())
       const result = await daemon.start().catch((error) => error)
       for (const fd of taken) closeSync(fd)
       const { state } = await daemon.status()
       const ok = result.state === 'running'
       const told = { code: result.code, cause: result.cause?.code, message: result.message, pidFile: result.pidFile }
       seen.push({ ok, ...told, state, left: existsSync(pidFile) })
       if (ok) break
     }
     console.log(JSON.stringify(seen))`,
  )
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
  // As above. A wait that goes on has been set up: whether a holder is proven is settled within a second.
  const program = place.write(
    'starve.mjs',
    `import { closeSync, openSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     const daemon = new Daemon({ pidFile: process.argv[2] })
     const verbs = {
       status: async () => { const status = await daemon.status(); if (status.state !== 'running') throw status },
       signal: () => daemon.signal('SIGWINCH'),
       exited: () => daemon.exited({ signal: AbortSignal.timeout(3000) }),
       stop: () => daemon.stop(),
     }
     await daemon.status()
     const seen = []
     for (const [verb, call] of Object.entries(verbs)) {
       for (let free = 0; free < 40; free++) {
         const taken = []
         try { for (;;) taken.push(openSync('/dev/null')) } catch {}
         for (let count = 0; count < free; count++) closeSync(taken.pop())
         const error = await call().then(() => undefined, (error) => error)
         for (const fd of taken) closeSync(fd)
         if (error === undefined || error.name === 'TimeoutError') { seen.push({ verb, ok: true }); break }
         const { state, name, code, reason, message, cause } = error
         seen.push({ verb, state, name, code, reason, message, cause: cause?.code })
       }
     }
     console.log(JSON.stringify(seen))`,
  )
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
  const program = place.write(
    'start.mjs',
    `process.stdout.write('up')
       await new Promise((resolve) => process.stdin.once('data', resolve))
       process.stdin.destroy()
       ${START}`,
  )
  const user = [`--reuid=${UID}`, `--regid=${UID}`, '--clear-groups']
  const launcher = place.spawnCommand('setpriv', [
    ...user,
    process.execPath,
    program,
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
