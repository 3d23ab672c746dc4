import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { body } from '../fixtures/body.js'
import { alive, content, folder, kill, stat, TELLS_CODES, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { idle } from '../helpers/pidfile.js'
import { ON_WINDOWS } from '../helpers/windows-processes.js'

test.serial('stopping what does not run is no error', async (t) => {
  const { file } = folder(t)
  const expected = {
    state: 'stopped',
    pidFile: file('a.pid'),
    stale: false,
    wasRunning: false,
    forced: false,
  }
  t.deepEqual(await body({ pidFile: file('a.pid') }).stop(), expected)
  t.is(content(file('a.pid')), undefined, 'nor is a pidfile made')
  t.deepEqual(await new Daemon({ pidFile: file('no/such/folder/a.pid') }).stop(), {
    ...expected,
    pidFile: file('no/such/folder/a.pid'),
  })
})

test.serial(
  'stop() waits until all hooks have run, the last registered first, told the reason',
  async (t) => {
    const { file, processes } = folder(t)
    const daemon = body({ pidFile: file('a.pid') })
    const { pid } = await daemon.start('hooks', file('seen'), file('release'))
    const stopping = daemon.stop()
    let settled = false
    stopping.finally(() => {
      settled = true
    })
    await until(() => existsSync(file('seen.begun')), 'the hook')
    t.true(alive(pid) && !settled)
    t.like(await daemon.status(), { state: 'running', pid })
    writeFileSync(file('release'), '')
    t.like(await stopping, { state: 'stopped', forced: false, wasRunning: true, stale: false })
    t.deepEqual(JSON.parse(readFileSync(file('seen'), 'utf8')), [
      'second begins',
      'second ends',
      ['first', { by: 'signal', signal: 'SIGTERM' }],
    ])
    t.false(existsSync(file('a.pid')))
    t.deepEqual(processes(), [])
  },
)

test.serial(
  "a script's own handler for SIGTERM runs to its end, and its exit code is the daemon's",
  async (t) => {
    const { file, write } = folder(t)
    const script = write(
      'a.mjs',
      `import { existsSync, writeFileSync } from 'node:fs'
       process.on('SIGTERM', async () => {
         writeFileSync('begun', '')
         while (!existsSync('release')) await new Promise((resolve) => setTimeout(resolve, 5))
         writeFileSync('end', '')
         process.exit(7)
       })
       setInterval(() => {}, 1e6)`,
    )
    const daemon = new Daemon({ pidFile: file('a.pid'), script, cwd: file('.') })
    await daemon.start()
    const exited = daemon.exited()
    const stopping = daemon.stop()
    await until(() => existsSync(file('begun')), 'the handler')
    writeFileSync(file('release'), '')
    t.like(await stopping, { wasRunning: true, forced: false })
    t.true(existsSync(file('end')))
    t.deepEqual(await exited, TELLS_CODES ? { code: 7 } : {})
  },
)

test.serial('stopSignal is what the daemon gets', async (t) => {
  const { file, read } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), stopSignal: 'SIGQUIT' })
  await daemon.start('hooks', file('seen'))
  await daemon.stop()
  t.deepEqual(JSON.parse(read('seen')).at(-1)[1], { by: 'signal', signal: 'SIGQUIT' })
  await daemon.start('hooks', file('seen'))
  await daemon.stop({ stopSignal: 'SIGINT' })
  t.deepEqual(JSON.parse(read('seen')).at(-1)[1], { by: 'signal', signal: 'SIGINT' })
})

test.serial(
  'a daemon that ignores SIGTERM is killed after the timeout, and nothing stale is left',
  async (t) => {
    const { file, processes } = folder(t)
    const daemon = body({ pidFile: file('a.pid'), stopTimeout: 100 })
    await daemon.start('deaf')
    const exited = daemon.exited()
    t.like(await daemon.stop(), { state: 'stopped', wasRunning: true, forced: true, stale: false })
    t.deepEqual(await exited, ON_WINDOWS ? { code: 137 } : TELLS_CODES ? { signal: 'SIGKILL' } : {})
    t.deepEqual(processes(), [])
    t.is(content(file('a.pid')), undefined)
    t.like(await daemon.start('serve'), { state: 'running' })
  },
)

test.serial('with forceKill false it lives on, and the stop rejects with StopTimeout', async (t) => {
  const { file, read, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid'), stopTimeout: 100, forceKill: false })
  const { pid } = await daemon.start('deaf')
  const error = await t.throwsAsync(daemon.stop())
  t.like(error, { code: 'ERR_DAEMON_STOP_TIMEOUT', pid, timeout: 100, pidFile: file('a.pid') })
  t.deepEqual(processes(), [pid])
  t.is(read('a.pid'), `${pid}\n`)
  t.like(await daemon.stop({ forceKill: true }), { forced: true })
})

test.serial('an aborted stop rejects with the reason of its signal, and kills nobody', async (t) => {
  const { file } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('hooks', file('seen'), file('release'))
  const controller = new AbortController()
  const rejected = t.throwsAsync(daemon.stop({ signal: controller.signal }))
  await until(() => existsSync(file('seen.begun')), 'the hook')
  const reason = new Error('enough')
  controller.abort(reason)
  t.is(await rejected, reason)
  t.true(alive(pid))
  writeFileSync(file('release'), '')
  await daemon.stop()
})

for (const [way, forced] of [
  ['serve', false],
  ['deaf', true],
]) {
  needs('signals of Unix')(
    `a daemon stopped by SIGSTOP is stopped${forced ? ', by force' : ''}`,
    async (t) => {
      const { file, processes } = folder(t)
      const daemon = body({ pidFile: file('a.pid'), stopTimeout: forced ? 100 : 10_000 })
      const { pid } = await daemon.start(way)
      kill(pid, 'SIGSTOP')
      await until(() => stat(pid).state === 'T', 'it is stopped')
      t.like(await daemon.status(), { state: 'running', pid })
      t.like(await daemon.stop(), { wasRunning: true, forced })
      t.deepEqual(processes(), [])
    },
  )
}

/** Becomes the parent of what its children leave, starts a program, and reaps nobody but that. */
const NEVER_REAPS = `
import ctypes, subprocess, sys
PR_SET_CHILD_SUBREAPER = 36
if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
    sys.exit('no subreaper')
print(subprocess.run(sys.argv[1:]).returncode, flush=True)
sys.stdin.read()
`

async function unreaped(place) {
  const program = place.write(
    'a.mjs',
    `import { Daemon } from "DAIMON"
     await new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) }).start()`,
  )
  const parent = place.spawnCommand('python3', ['-c', NEVER_REAPS, process.execPath, program])
  await until(() => parent.output().stdout === '0\n', 'the start')
  return { pid: Number(place.read('a.pid')), parent: parent.pid }
}

const onLinux = process.platform === 'linux' ? needs('python3') : test.serial.skip

onLinux('a daemon whose parent does not reap it is stopped, and another one starts', async (t) => {
  const place = folder(t)
  const { pid, parent } = await unreaped(place)
  t.is(stat(pid).ppid, parent)
  const daemon = idle(place)
  const exited = daemon.exited()
  t.like(await daemon.stop(), { state: 'stopped', wasRunning: true, forced: false })
  t.is(stat(pid).state, 'Z')
  t.deepEqual(await exited, TELLS_CODES ? { code: 0 } : {})
  t.deepEqual(await daemon.status(), { state: 'stopped', pidFile: place.file('a.pid'), stale: false })
  t.not((await daemon.start()).pid, pid)
})

onLinux('a killed daemon whose parent does not reap it is gone for every verb', async (t) => {
  const place = folder(t)
  const { pid } = await unreaped(place)
  kill(pid)
  await until(() => !alive(pid), 'the end')
  t.is(stat(pid).state, 'Z')
  const daemon = idle(place)
  t.like(await daemon.status(), { state: 'stopped', stale: true })
  await t.throwsAsync(daemon.signal('SIGTERM'), { code: 'ERR_DAEMON_NOT_RUNNING' })
  t.like(await daemon.stop(), { wasRunning: false })
  t.deepEqual(await daemon.exited(), {})
  t.like(await daemon.start(), { state: 'running' })
})

for (const [how, end] of [
  ['killed', async (_daemon, pid) => kill(pid)],
  ['stopped', (daemon) => daemon.stop()],
]) {
  needs('programs of Unix')(`the children of a ${how} daemon do not keep its lock`, async (t) => {
    const { file, write, processes, read } = folder(t)
    const script = write(
      'a.mjs',
      `import { spawn } from 'node:child_process'
       import { writeFileSync } from 'node:fs'
       const child = spawn('sh', ['-c', 'sleep 1000 & wait'], { detached: true, stdio: 'ignore' })
       child.unref()
       writeFileSync('child', String(child.pid))
       setInterval(() => {}, 1e6)`,
    )
    const daemon = new Daemon({ pidFile: file('a.pid'), script, cwd: file('.') })
    const first = await daemon.start()
    const child = Number(read('child'))
    await until(() => processes().length === 3, 'the grandchild')
    const exited = daemon.exited()
    await end(daemon, first.pid)
    await exited
    t.true(alive(child))
    t.is(processes().length, 2)
    t.like(await daemon.status(), { state: 'stopped' })
    t.not((await daemon.start()).pid, first.pid)
  })
}

test.serial('ten callers of stop at once all resolve, and none cuts the hooks short', async (t) => {
  const { file, processes } = folder(t)
  const daemon = body({ pidFile: file('a.pid') })
  const { pid } = await daemon.start('hooks', file('seen'), file('release'))
  const stops = Array.from({ length: 10 }, () => daemon.stop())
  await until(() => existsSync(file('seen.begun')), 'the stop')
  // Every call has sent its signal before the hooks may end.
  for (let more = 0; more < 3; more++) await daemon.signal('SIGTERM')
  t.true(alive(pid))
  writeFileSync(file('release'), '')
  for (const result of await Promise.all(stops)) t.like(result, { state: 'stopped', forced: false })
  t.is(JSON.parse(readFileSync(file('seen'), 'utf8')).length, 3)
  t.deepEqual(processes(), [])
})

test.serial('ten stops from ten processes all succeed', async (t) => {
  const place = folder(t)
  const daemon = body({ pidFile: place.file('a.pid') })
  await daemon.start('hooks', place.file('seen'))
  const program = place.write(
    'stop.mjs',
    `import { Daemon } from "DAIMON"
     const { state, forced } = await new Daemon({ pidFile: 'a.pid' }).stop()
     console.log(state, forced)`,
  )
  const runs = await Promise.all(Array.from({ length: 10 }, () => place.node([program])))
  for (const { stdout, stderr } of runs) t.is(stdout, 'stopped false\n', stderr)
  t.is(JSON.parse(place.read('seen')).length, 3)
  t.deepEqual(place.processes(), [])
})
