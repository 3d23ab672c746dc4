// A program that the service control manager starts becomes that service.
import { existsSync, writeFileSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { BIN } from '../helpers/cli.js'
import { content, fixture, folder, until } from '../helpers/index.js'
import { named, OWN_CODE, service } from '../helpers/windows-services.js'

/** Bits of what a service accepts: SERVICE_ACCEPT_STOP, and SERVICE_ACCEPT_PARAMCHANGE. */
const STOP = 1
const PARAM_CHANGE = 8

/** The command of fixtures/windows/service.mjs. */
const program = (place, ...how) => [process.execPath, fixture('windows/service.mjs'), place.path, ...how]

const controlOf = (place) => new Daemon({ pidFile: place.file('a.pid') })

test.serial('a program is the service, runs when it is ready, reloads, and stops by its hooks', async (t) => {
  const place = folder(t)
  const web = await service(t, place, program(place, 'on-go'))
  await web.start()
  const starting = await until(async () => {
    const found = await web.query()
    return existsSync(place.file('said')) && found.count > 2 && found
  }, 'its start goes on')
  t.is(starting.state, 'start-pending')
  t.true(starting.hint > 1_000)
  t.is(starting.accepts & (STOP | PARAM_CHANGE), STOP)
  writeFileSync(place.file('go'), '')
  const running = await web.in('running')
  t.is(running.accepts & (STOP | PARAM_CHANGE), STOP | PARAM_CHANGE)
  t.is(place.read('said'), `begins false ${running.pid}\n`)
  t.like(await controlOf(place).status(), { state: 'running', pid: running.pid })
  await web.control('paramChange')
  await until(() => place.read('said').includes('reloads'), 'the reload')
  await web.control('stop')
  t.like(await web.in('stopped'), { code: 0, ownCode: 0 })
  t.is(place.read('said'), `begins false ${running.pid}\nreloads\nstops by SIGTERM\n`)
  t.like(await controlOf(place).status(), { state: 'stopped', stale: false })
})

test.serial('a stop by the pidfile is a stop of the service, which can start again at once', async (t) => {
  const place = folder(t)
  const web = await service(t, place, program(place))
  for (let n = 0; n < 2; n++) {
    await web.start()
    const { pid } = await web.in('running')
    t.like(await controlOf(place).stop(), { wasRunning: true, forced: false })
    t.like(await web.in('stopped'), { code: 0, ownCode: 0 })
    t.true(place.read('said').endsWith(`begins false ${pid}\nstops by SIGTERM\n`))
  }
})

test.serial('a start that fails is a service that has stopped, with the exit code', async (t) => {
  const place = folder(t)
  const web = await service(t, place, program(place, 'fails'))
  await web.start()
  t.like(await web.in('stopped'), { code: OWN_CODE, ownCode: 7 })
  // Before the lock is asked for, too.
  const bad = place.write(
    'bad.mjs',
    `import { daemonize } from "DAIMON"
     await daemonize({ pidFile: ${JSON.stringify(place.file('no/such/folder/a.pid'))} })`,
  )
  const other = await service(t, place, [process.execPath, bad])
  await other.start()
  t.like(await other.in('stopped'), { code: OWN_CODE, ownCode: 1 })
})

test.serial('a stop ends a start that is not ready yet', async (t) => {
  const place = folder(t)
  const web = await service(t, place, program(place, 'on-go'))
  await web.start()
  await until(() => content(place.file('said')), 'the body')
  await web.control('stop')
  t.like(await web.in('stopped'), { code: 0 })
  t.like(await controlOf(place).status(), { state: 'stopped' })
})

test.serial('daimon run is the service; what it starts is none', async (t) => {
  const place = folder(t)
  const other = place.write(
    'other.mjs',
    `import { Daemon } from "DAIMON"
     const daemon = new Daemon({ pidFile: ${JSON.stringify(place.file('b.pid'))}, script: process.argv[2] })
     await daemon.start()`,
  )
  const idle = place.write('idle.cjs', 'setInterval(() => {}, 1e6)')
  const script = place.write(
    'a.mjs',
    `import { execFileSync } from 'node:child_process'
     execFileSync(process.execPath, ${JSON.stringify([other, idle])})
     setInterval(() => {}, 1e6)`,
  )
  const at = ['--pid-file', place.file('a.pid'), '--cwd', place.path]
  const web = await service(t, place, [process.execPath, BIN, 'run', ...at, script])
  await web.start()
  const { pid } = await web.in('running')
  t.like(await controlOf(place).status(), { state: 'running', pid })
  await web.control('stop')
  // A script without a listener for SIGTERM.
  t.like(await web.in('stopped'), { code: 0, ownCode: 0 })
  const beside = new Daemon({ pidFile: place.file('b.pid') })
  t.like(await beside.stop(), { wasRunning: true })
})

test.serial('what unit windows prints makes the service, and removes it', async (t) => {
  const place = folder(t)
  const script = place.write('an idle script.cjs', 'setInterval(() => {}, 1e6)')
  const name = `daimon-unit-${process.pid}`
  const daemon = ['--name', name, '--pid-file', place.file('a.pid'), '--cwd', place.path, script]
  const { stdout } = await place.node([BIN, 'unit', 'windows', ...daemon])
  const [install, ...remove] = stdout.split(/^rem /m)
  const run = (file, text) => place.command('cmd.exe', ['/d', '/c', place.write(file, text)])
  const web = named(t, place, name)
  t.like(await run('install.cmd', install), { code: 0 })
  const { pid } = await web.in('running')
  t.like(await controlOf(place).status(), { state: 'running', pid })
  t.like(await run('stop.cmd', remove[0]), { code: 0 })
  await web.in('stopped')
  t.like(await controlOf(place).status(), { state: 'stopped' })
  t.like(await run('delete.cmd', remove[1]), { code: 0 })
  await t.throwsAsync(web.query())
})
