import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { body, control } from '../helpers/foreground.js'
import { alive, fixture, folder, freePort, kill, stat, until } from '../helpers/index.js'
import { environment, get, serving } from '../helpers/keeper.js'
import { needs } from '../helpers/needs.js'
import { listen, supervised } from '../helpers/supervisor.js'

/** A service that says what it is told. */
const service = (place, options = 'respawn: true', more = '') =>
  body(
    place,
    `const daemon = await daemonize({ pidFile: 'a.pid', stopTimeout: 7_000, readyTimeout: 90_000, ${options} })
     daemon.notify('one\\ntwo')
     daemon.on('reload', () => daemon.notify('has reloaded'))
     daemon.onStop(() => daemon.notify('last words'))
     ${more}
     setInterval(() => {}, 1e6)`,
  )

for (const [what, addressOf] of [
  ['a path', (place) => place.file('notify')],
  ['an abstract socket', () => `@daimon-test-keeper-${process.pid}`],
]) {
  needs('python3')(`the keeper tells the course to systemd, at ${what}`, async (t) => {
    const place = folder(t)
    const systemd = await listen(place, addressOf(place))
    const variables = { NOTIFY_SOCKET: systemd.address, SYSTEMD_EXEC_PID: 'PID', JOURNAL_STREAM: '8:1' }
    const keeper = supervised(place, variables, [service(place)])
    await systemd.hears('READY=1')
    t.deepEqual(systemd.heard(), [
      ['EXTEND_TIMEOUT_USEC=90000000'],
      ['STATUS=one two'],
      ['READY=1', `MAINPID=${keeper.pid}`],
    ])
    const [pid] = await serving(control(place))
    const names = environment(pid).map((pair) => pair.split('=')[0])
    t.false(
      names.some((name) => /^(?:NOTIFY_|WATCHDOG_|LISTEN_|SYSTEMD_)/.test(name)),
      names.join(),
    )
    t.true(names.includes('JOURNAL_STREAM'), 'its outputs are still there')
    await control(place).reload()
    await systemd.hears('READY=1', 4)
    const [reloading, status, ready] = systemd.heard().slice(3)
    t.is(reloading[0], 'RELOADING=1')
    t.regex(reloading[1], /^MONOTONIC_USEC=[1-9]\d*$/)
    t.deepEqual([status, ready], [['STATUS=has reloaded'], ['READY=1']])
    await control(place).stop()
    t.is((await keeper.done).code, 0)
    await systemd.hears('STATUS=last words')
    t.deepEqual(systemd.heard().slice(6), [
      ['STOPPING=1', 'EXTEND_TIMEOUT_USEC=7000000'],
      ['STATUS=last words'],
    ])
    t.false(existsSync(place.file('a.pid')))
  })
}

needs('python3')('with several instances it is ready, and has reloaded, when all are', async (t) => {
  const place = folder(t)
  const systemd = await listen(place, place.file('notify'))
  const more = `
    if (daemon.instance === 1) daemon.on('reload', () => {
      const until = Date.now() + 100
      while (Date.now() < until);
    })`
  supervised(place, { NOTIFY_SOCKET: systemd.address }, [service(place, 'instances: 3', more)])
  await systemd.hears('READY=1')
  t.is(systemd.heard().filter(([line]) => line === 'STATUS=one two').length, 3)
  const before = systemd.heard().length
  t.is((await serving(control(place))).length, 3)
  await control(place).reload()
  await systemd.hears('READY=1', before)
  const heard = systemd.heard().slice(before)
  t.is(heard.filter(([line]) => line === 'RELOADING=1').length, 1)
  t.is(heard.filter(([line]) => line === 'STATUS=has reloaded').length, 3)
  t.is(heard.at(-1)[0], 'READY=1')
  await control(place).stop()
})

/** How often it has given a sign of life. */
const pings = (systemd) => systemd.heard().filter(([line]) => line === 'WATCHDOG=1').length

needs('python3')('signs of life of all bodies are passed on, and stop when one of them hangs', async (t) => {
  const place = folder(t)
  const systemd = await listen(place, place.file('notify'))
  const more = `daemon.signals.set('SIGUSR2', () => { daemon.notify('hangs'); for (;;); })`
  const variables = { NOTIFY_SOCKET: systemd.address, WATCHDOG_USEC: '40000', WATCHDOG_PID: 'PID' }
  const keeper = supervised(place, variables, [service(place, 'instances: 2, respawn: true', more)])
  await until(() => pings(systemd) >= 5, 'five signs of life')
  const first = systemd.heard().findIndex(([line]) => line === 'WATCHDOG=1')
  const ready = systemd.heard().findIndex(([line]) => line === 'READY=1')
  t.true(ready >= 0 && first > ready, 'not before it is ready')
  const [, pid] = await serving(control(place))
  kill(pid, 'SIGUSR2')
  await systemd.hears('STATUS=hangs')
  const hung = systemd.heard().findIndex(([line]) => line === 'STATUS=hangs')
  const cpu = async () => (await control(place).status()).bodies[1].cpu
  const before = await cpu()
  // By its own clock, which counts nothing but the loop that hangs: ten times as long as a sign of life may take.
  await until(async () => (await cpu()) > before + 400, 'its time')
  // One sign may have been given before.
  t.true(
    systemd
      .heard()
      .slice(hung)
      .filter(([line]) => line === 'WATCHDOG=1').length <= 1,
  )
  // The next body of that place gives them again.
  kill(pid)
  const count = pings(systemd)
  await until(() => pings(systemd) >= count + 5, 'five signs of life more')
  // The keeper alone does not.
  kill(keeper.pid, 'SIGSTOP')
  for (const one of await serving(control(place)).catch(() => [])) t.true(alive(one))
  kill(keeper.pid, 'SIGCONT')
  await control(place).stop()
})

needs('python3')('without bodies no sign of life is made up', async (t) => {
  const place = folder(t)
  const systemd = await listen(place, place.file('notify'))
  const WATCHDOG = 20
  const variables = {
    NOTIFY_SOCKET: systemd.address,
    WATCHDOG_USEC: String(WATCHDOG * 1_000),
    WATCHDOG_PID: 'PID',
  }
  // The second pause is longer than the test.
  supervised(place, variables, [service(place, 'respawn: { delay: 100_000, maxDelay: 100_000 }')])
  await until(() => pings(systemd) >= 2, 'two signs of life')
  for (let round = 0; round < 2; round++) {
    const [pid] = await until(async () => {
      const found = await serving(control(place))
      return found.length > 0 && found
    })
    kill(pid)
    await until(() => !alive(pid))
  }
  await until(async () => (await control(place).status()).restarting === true)
  const count = systemd.heard().length
  await new Promise((resolve) => setTimeout(resolve, 5 * WATCHDOG))
  t.is(systemd.heard().length, count)
  await control(place).stop()
  await systemd.hears('STOPPING=1')
})

needs('python3')(
  'sockets of systemd are those of the option with the same names, and others are there, too',
  async (t) => {
    const place = folder(t)
    const [web, spare, own, other] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
    const path = body(
      place,
      `import { createServer } from 'node:http'
     const daemon = await daemonize({
       pidFile: 'a.pid', respawn: true,
       listen: { web: { host: '127.0.0.1', port: ${other} }, own: { host: '127.0.0.1', port: ${own} } },
     })
     console.log(Object.keys(daemon.sockets).sort().join())
     const serve = (text, address) => createServer((_, response) => response.end(text + process.pid)).listen(address)
     serve('web', { fd: daemon.sockets.web })
     serve('own', { host: '127.0.0.1', port: ${own} })`,
    )
    const keeper = place.spawnCommand('python3', [
      fixture('keeper/activates.py'),
      `web=${web},spare=${spare}`,
      process.execPath,
      path,
    ])
    await until(() => keeper.output().stdout !== '' || keeper.output().stderr !== '')
    t.deepEqual(keeper.output(), { stdout: 'own,spare,web\n', stderr: '' })
    await until(async () => (await control(place).status()).starting !== true)
    const [pid] = await serving(control(place))
    t.is(await get({ port: web }), `web${pid}`)
    t.is(await get({ port: own }), `own${pid}`)
    // A port of which nobody has told where it is to be listened at need not be taken by the next generation.
    await control(place).upgrade()
    const [next] = await serving(control(place))
    t.not(next, pid)
    t.is(await get({ port: web }), `web${next}`)
    await control(place).stop()
    t.is((await keeper.done).code, 0)
  },
)

needs('python3')('a socket that systemd has promised and not given fails the start', async (t) => {
  const place = folder(t)
  const variables = { LISTEN_PID: 'PID', LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' }
  const { code, stderr } = await supervised(place, variables, [service(place, 'listen: { web: 8080 }')]).done
  t.is(code, 1)
  t.regex(stderr, /LISTEN_FDS promises 1 sockets, but descriptor 3 is none/)
  t.false(existsSync(place.file('a.pid')))
})

/** A program as PID 1 of a container. */
function container(place, path) {
  const args = ['-pf', '--mount-proc', '--kill-child', process.execPath, path]
  const running = place.spawnCommand('unshare', args)
  const init = () => place.processes().find((pid) => stat(pid).ppid === running.pid)
  return { ...running, init }
}

needs('root', 'PID namespaces')('as PID 1 it collects the processes that are left to it', async (t) => {
  const place = folder(t)
  const one = container(place, fixture('keeper/leaves-children.mjs'))
  // Each body leaves one that stays.
  const lines = () => one.output().stdout.trim().split('\n')
  await until(() => lines().length >= 3 || one.output().stderr.includes('Error'), 'the next body')
  t.is(lines()[0], '1 daimon-keeper')
  t.is(lines()[1], 'collected 1')
  t.regex(
    one.output().stderr,
    /^daimon: the program \(PID \d+\) has ended with the code 5; it is started again now/,
  )
  await until(() => lines().length >= 4, 'the next body has seen its own')
  t.is(lines()[3], 'collected 2')
  process.kill(one.init(), 'SIGTERM')
  const { code, stdout } = await one.done
  t.is(code, 0)
  t.true(stdout.endsWith('stops by SIGTERM\n'), stdout)
  t.false(existsSync(place.file('a.pid')))
  t.deepEqual(place.processes(), [])
})

needs('root', 'PID namespaces')(
  'as PID 1 it ends with the code of its program, and 128 more than a signal',
  async (t) => {
    const place = folder(t)
    for (const [end, expected] of [
      ['process.exit(6)', 6],
      ["process.kill(process.pid, 'SIGABRT')", 134],
    ]) {
      const path = service(
        place,
        "respawn: 'never'",
        `daemon.signals.set('SIGUSR2', () => { ${end} })
     console.log('listens')`,
      )
      const one = container(place, path)
      await until(() => one.output().stdout.includes('listens'))
      process.kill(one.init(), 'SIGUSR2')
      t.is((await one.done).code, expected)
      t.false(existsSync(place.file('a.pid')))
    }
  },
)

needs('python3')('a taken port tells systemd nothing but that it starts', async (t) => {
  const place = folder(t)
  const systemd = await listen(place, place.file('notify'))
  const taken = createServer()
  await new Promise((resolve) => taken.listen(0, resolve))
  const options = `listen: { web: ${taken.address().port} }`
  const { code } = await supervised(place, { NOTIFY_SOCKET: systemd.address }, [service(place, options)]).done
  t.is(code, 1)
  t.deepEqual(systemd.heard(), [['EXTEND_TIMEOUT_USEC=90000000']])
  taken.close()
})
