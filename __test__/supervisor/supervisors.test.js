import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { Daemon } from '../../dist/index.js'
import { GATE } from '../helpers/gate.js'
import { alive, folder, stat, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { listen, supervised } from '../helpers/supervisor.js'

const body = (place, text, name = 'a.mjs') =>
  place.write(name, `import { Daemon, daemonize } from "DAIMON"\n${text}`)

const SERVICE = `
const daemon = await daemonize({ pidFile: 'a.pid', stopTimeout: 7_000, readyTimeout: 90_000, logger: console })
daemon.notify('one\\ntwo')
daemon.on('reload', () => daemon.notify('has reloaded'))
daemon.onStop(() => daemon.notify('last words'))
setInterval(() => {}, 1e6)
`

const control = (place) => new Daemon({ pidFile: place.file('a.pid') })

/** The PID in the pidfile, once a daemon has it. */
const running = (place) =>
  until(async () => {
    const status = await control(place).status()
    return status.state === 'running' && status.pid
  }, 'the daemon')

for (const [what, addressOf] of [
  ['a path', (place) => place.file('notify')],
  ['an abstract socket', () => `@daimon-test-${process.pid}`],
]) {
  needs('python3')(`a service tells its course to systemd, at ${what}`, async (t) => {
    const place = folder(t)
    const systemd = await listen(place, addressOf(place))
    const variables = { NOTIFY_SOCKET: systemd.address, SYSTEMD_EXEC_PID: 'PID' }
    const service = supervised(place, variables, [body(place, SERVICE)])
    await systemd.hears('READY=1')
    t.deepEqual(systemd.heard(), [
      ['EXTEND_TIMEOUT_USEC=90000000'],
      ['STATUS=one two'],
      ['READY=1', `MAINPID=${service.pid}`],
    ])
    t.is(await running(place), service.pid, 'it has not been detached')
    await control(place).reload()
    await systemd.hears('READY=1', 4)
    const [reloading, status, ready] = systemd.heard().slice(3)
    t.is(reloading[0], 'RELOADING=1')
    t.regex(reloading[1], /^MONOTONIC_USEC=[1-9]\d*$/)
    t.deepEqual([status, ready], [['STATUS=has reloaded'], ['READY=1']])
    await control(place).stop()
    t.is((await service.done).code, 0)
    await systemd.hears('STATUS=last words')
    t.deepEqual(systemd.heard().slice(6), [
      ['STOPPING=1', 'EXTEND_TIMEOUT_USEC=7000000'],
      ['STATUS=last words'],
    ])
    t.false(existsSync(place.file('a.pid')))
  })
}

needs('python3')('a reload before it is ready does not make it so', async (t) => {
  const place = folder(t)
  const systemd = await listen(place, place.file('notify'))
  const text = `
    const daemon = await daemonize({ pidFile: 'a.pid', ready: 'manual' })
    daemon.on('reload', () => { daemon.notify('reloaded'); setImmediate(() => daemon.ready()) })
    daemon.notify('up')
    setInterval(() => {}, 1e6)`
  supervised(place, { NOTIFY_SOCKET: systemd.address }, [body(place, text)])
  await systemd.hears('STATUS=up')
  await control(place).reload()
  await systemd.hears('READY=1')
  t.deepEqual(
    systemd.heard().map(([line]) => line),
    ['EXTEND_TIMEOUT_USEC=30000000', 'STATUS=up', 'STATUS=reloaded', 'READY=1'],
  )
})

needs('python3')('signs of life come while the event loop turns, and stop when it hangs', async (t) => {
  const place = folder(t)
  const systemd = await listen(place, place.file('notify'))
  const text = `
    const daemon = await daemonize({ pidFile: 'a.pid' })
    daemon.signals.set('SIGUSR2', () => { daemon.notify('hangs'); for (;;); })
    setInterval(() => {}, 1e6)`
  const variables = { NOTIFY_SOCKET: systemd.address, WATCHDOG_USEC: '40000', WATCHDOG_PID: 'PID' }
  supervised(place, variables, [body(place, text)])
  const pings = () => systemd.heard().filter(([line]) => line === 'WATCHDOG=1').length
  await until(() => pings() >= 5, 'five signs of life')
  const first = systemd.heard().findIndex(([line]) => line === 'WATCHDOG=1')
  t.is(systemd.heard()[first - 1][0], 'READY=1', 'not before it is ready')
  await control(place).signal('SIGUSR2')
  await systemd.hears('STATUS=hangs')
  const cpu = async () => (await control(place).status()).cpu
  const before = await cpu()
  // By its own clock, which counts nothing but the loop that hangs: ten times as long as a sign of life may take.
  await until(async () => (await cpu()) > before + 400, 'its time')
  t.is(systemd.heard().at(-1)[0], 'STATUS=hangs')
})

needs('python3')("a watchdog of another process's is not fed", async (t) => {
  const place = folder(t)
  const systemd = await listen(place, place.file('notify'))
  // A first sign of life would come with its being ready.
  const text = `import { turns } from ${JSON.stringify(GATE)}
    const daemon = await daemonize({ pidFile: 'a.pid', ready: 'manual' })
    daemon.ready()
    await turns()
    daemon.stop()`
  const variables = { NOTIFY_SOCKET: systemd.address, WATCHDOG_USEC: '2000', WATCHDOG_PID: '1' }
  await supervised(place, variables, [body(place, text)]).done
  await systemd.hears('STOPPING=1')
  t.deepEqual(
    systemd.heard().map(([line]) => line),
    ['EXTEND_TIMEOUT_USEC=30000000', 'READY=1', 'STOPPING=1'],
  )
})

needs('python3')('a supervisor that cannot be reached is a warning, and no more', async (t) => {
  const place = folder(t)
  const text = `
    const logger = { debug() {}, info() {}, warn: (text) => console.log(text), error() {} }
    const daemon = await daemonize({ pidFile: 'a.pid', logger })
    console.log(Daemon.current === daemon, daemon.detached)`
  const { code, stdout } = await supervised(place, { NOTIFY_SOCKET: place.file('nobody') }, [
    body(place, text),
  ]).done
  t.is(code, 0)
  t.regex(stdout, /^the supervisor cannot be told at .*\/nobody \(connect: .*\)\ntrue false\n$/)
})

for (const [what, variables, detached] of [
  ['SYSTEMD_EXEC_PID is its own', { SYSTEMD_EXEC_PID: 'PID' }, false],
  ['LISTEN_PID is its own', { LISTEN_PID: 'PID', LISTEN_FDS: '0' }, false],
  ['NOTIFY_SOCKET stands alone', { NOTIFY_SOCKET: '/nonexistent', LISTEN_PID: '1', LISTEN_FDS: '1' }, false],
  ["SYSTEMD_EXEC_PID is another's", { SYSTEMD_EXEC_PID: '1', NOTIFY_SOCKET: '/nonexistent' }, true],
  ["LISTEN_PID is another's", { LISTEN_PID: '1', LISTEN_FDS: '1' }, true],
  ['nothing speaks of a supervisor', { NOTHING: 'x' }, true],
]) {
  needs('python3')(`daemonize() ${detached ? 'detaches' : 'does not detach'} where ${what}`, async (t) => {
    const place = folder(t)
    const text = `
      const { writeFileSync } = await import('node:fs')
      const daemon = await daemonize({ pidFile: 'a.pid' })
      const names = Object.keys(process.env).filter((name) => /^(NOTIFY_SOCKET|WATCHDOG_|LISTEN_)/.test(name))
      writeFileSync('seen', JSON.stringify([daemon.detached, daemon.sockets, names]))
      setInterval(() => {}, 1e6)`
    const service = supervised(place, variables, [body(place, text)])
    const pid = await running(place)
    await until(() => existsSync(place.file('seen')), 'what it has seen')
    t.is(pid !== service.pid, detached)
    if (detached) t.is((await service.done).code, 0)
    await control(place).stop()
    t.deepEqual(JSON.parse(place.read('seen')), [detached, {}, []])
  })
}

needs('python3')('detach: true and start() detach under a supervisor, and nobody is told', async (t) => {
  const place = folder(t)
  const systemd = await listen(place, place.file('notify'))
  const text = `
    const run = (daemon) => { daemon.notify('inside'); setInterval(() => {}, 1e6) }
    if (process.argv[2] === 'start') await new Daemon({ pidFile: 'a.pid', run }).start()
    else {
      await daemonize({ pidFile: 'a.pid', detach: true })
      setInterval(() => {}, 1e6)
    }`
  const path = body(place, text)
  for (const verb of ['start', 'daemonize']) {
    const variables = { NOTIFY_SOCKET: systemd.address, SYSTEMD_EXEC_PID: 'PID' }
    const service = supervised(place, variables, [path, verb])
    t.is((await service.done).code, 0, verb)
    t.not(await running(place), service.pid)
    await control(place).stop()
  }
  t.deepEqual(systemd.heard(), [])
})

needs('python3')("no child speaks in the daemon's name; what is the program's own stays", async (t) => {
  const place = folder(t)
  const text = `
    import { execFileSync } from 'node:child_process'
    await daemonize({ pidFile: 'a.pid' })
    console.log(execFileSync('env', { encoding: 'utf8' }))`
  const variables = {
    NOTIFY_SOCKET: '/nonexistent',
    WATCHDOG_USEC: '1000000',
    WATCHDOG_PID: 'PID',
    LISTEN_PID: 'PID',
    LISTEN_FDS: '0',
    LISTEN_FDNAMES: '',
    LISTEN_PORT: '8080',
  }
  const { stdout } = await supervised(place, variables, [body(place, text)]).done
  const names = stdout.split('\n').map((line) => line.split('=')[0])
  t.deepEqual(
    names.filter((name) => /^(NOTIFY|WATCHDOG|LISTEN)_/.test(name)),
    ['LISTEN_PORT'],
  )
})

needs('python3')('a socket that systemd has opened answers, by its name', async (t) => {
  const place = folder(t)
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  const text = `
    import { createServer } from 'node:http'
    import { execFileSync } from 'node:child_process'
    const daemon = await daemonize({ pidFile: 'a.pid' })
    const { sockets } = daemon
    const inherited = execFileSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).trim().split('\\n')
    createServer((_, response) => response.end(JSON.stringify({ sockets, inherited }))).listen({ fd: sockets.web })`
  const variables = { LISTEN_PID: 'PID', LISTEN_FDS: '4', LISTEN_FDNAMES: 'web:twice:twice' }
  // Python closes what it was not told to keep only in children of its own.
  const stdio = ['ignore', 'pipe', 'pipe', ...Array(4).fill(server._handle)]
  supervised(place, variables, [body(place, text)], { stdio })
  await running(place)
  // The test's own copy goes: who answers is the daemon.
  await new Promise((resolve) => server.close(resolve))
  const told = await (await fetch(`http://127.0.0.1:${port}`)).json()
  t.deepEqual(told.sockets, { web: 3, twice: 4, 'twice:2': 5, unknown: 6 })
  const shared = told.inherited.filter((fd) => Number(fd) > 2 && Number(fd) < 7)
  t.deepEqual(shared, ['3'], 'its own descriptor on the folder, and no socket')
})

needs('python3')(
  'a socket that was promised and is not there is an error, before anything happens',
  async (t) => {
    const place = folder(t)
    const text = `
    const error = await daemonize({ pidFile: 'a.pid' }).catch((error) => error)
    console.log(error.code, error.step, Daemon.current)`
    const variables = { LISTEN_PID: 'PID', LISTEN_FDS: '500' }
    const { code, stdout } = await supervised(place, variables, [body(place, text)]).done
    t.is(code, 0)
    t.is(stdout, 'ERR_DAEMON_START_FAILED sockets undefined\n')
  },
)

needs('root', 'PID namespaces')('PID 1 of a container does not detach, and answers TERM', async (t) => {
  const place = folder(t)
  const text = `
    const daemon = await daemonize({ pidFile: 'a.pid' })
    daemon.onStop(({ signal }) => console.log('stops by', signal))
    console.log(daemon.pid, daemon.detached)
    setInterval(() => {}, 1e6)`
  const args = ['-pf', '--mount-proc', '--kill-child', process.execPath, body(place, text)]
  const container = place.spawnCommand('unshare', args)
  await until(() => container.output().stdout === '1 false\n', 'PID 1')
  t.is(place.read('a.pid'), '1\n')
  const [init] = place.processes().filter((pid) => stat(pid).ppid === container.pid)
  process.kill(init, 'SIGTERM')
  t.like(await container.done, { code: 0, stdout: '1 false\nstops by SIGTERM\n', stderr: '' })
  t.false(alive(init))
  t.false(existsSync(place.file('a.pid')))
})
