// A daemon that has itself replaced.
import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, DAIMON, fixture, folder, ROOT, stat, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** A folder with the daemon in it that is restarted by SIGUSR2, and how to start, ask and watch it. */
function restarting(t, { daimon = DAIMON, env } = {}) {
  const place = folder(t)
  const text = readFileSync(fixture('restart/daemon.mjs'), 'utf8')
  const program = place.write('daemon.mjs', text.replace("'DAIMON'", JSON.stringify(daimon)))
  mkdirSync(place.file('logs'))
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  const lines = (word) =>
    (content(place.file('logs/a.log')) ?? '').split('\n').filter((line) => line.startsWith(word))
  /** What the body has said of itself that has begun as the last one. */
  const last = () => {
    const [, pid, about] = lines('begun')
      .at(-1)
      .match(/^begun (\d+) (.*)$/)
    return { pid: Number(pid), ...JSON.parse(about) }
  }
  const start = async (way, args = [], options = {}) => {
    const given = { OPTIONS: JSON.stringify(options), ...env }
    t.like(await place.node([program, way, ...args], { env: given }), { code: 0, stderr: '' })
    return (await daemon.status()).pid
  }
  /** Asks for a restart, and waits until the next one serves and nobody else is there. */
  const restart = async (order = {}) => {
    const { pid } = await daemon.status()
    place.write('order.json', JSON.stringify(order))
    await daemon.signal('SIGUSR2')
    await until(async () => {
      const found = await daemon.status()
      return found.state === 'running' && found.pid !== pid && found.starting !== true
    }, 'the next daemon')
    const next = (await daemon.status()).pid
    await until(() => place.processes().length === 1, 'the end of the helper')
    t.deepEqual(place.processes(), [next])
    return next
  }
  /** Asks for a restart that is refused; gives with what, when it is sure that the daemon has not changed. */
  const refused = async (order = {}) => {
    const { pid } = await daemon.status()
    rmSync(place.file('answer.json'), { force: true })
    place.write('order.json', JSON.stringify(order))
    await daemon.signal('SIGUSR2')
    const answer = await until(() => content(place.file('answer.json')) || undefined, 'the answer')
    await until(() => place.processes().length === 1, 'the end of what was begun')
    t.like(await daemon.status(), { state: 'running', pid })
    t.deepEqual(lines('stopping'), [])
    return JSON.parse(answer)
  }
  return { ...place, program, daemon, lines, last, start, restart, refused }
}

for (const way of ['start', 'daemonize', 'module', 'script']) {
  test.serial(`it is started again as it was (${way}), with its arguments or others`, async (t) => {
    const place = restarting(t)
    mkdirSync(place.file('elsewhere'))
    const first = await place.start(way, ['one', 'two'], { cwd: place.file('elsewhere') })
    const { pid: _, ...about } = place.last()
    t.like(about, {
      args: ['one', 'two'],
      secret: 'of the launch',
      umask: 0o027,
      cwd: place.file('elsewhere'),
    })
    const second = await place.restart()
    t.deepEqual(place.last(), { pid: second, ...about })
    const third = await place.restart({ args: ['three', { of: new Array(2).fill('four') }] })
    t.deepEqual(place.last(), { pid: third, ...about, args: ['three', { of: ['four', 'four'] }] })
    const fourth = await place.restart()
    t.deepEqual(place.last().args, ['three', { of: ['four', 'four'] }])
    t.is(new Set([first, second, third, fourth]).size, 4)
    const stopped = [first, second, third].map((pid) => `stopping ${pid} signal SIGTERM`)
    t.deepEqual(place.lines('stopping'), stopped)
    t.like(await place.daemon.stop(), { wasRunning: true, forced: false, stale: false })
    t.deepEqual(place.processes(), [])
  })
}

test.serial('its own stop settings hold, and a killed one is replaced, too', async (t) => {
  const place = restarting(t)
  await place.start('start', [], { stopSignal: 'SIGINT', stopTimeout: 300, limits: { nofile: [500, 600] } })
  await place.restart()
  t.regex(place.lines('stopping').at(-1), /signal SIGINT$/)
  place.write('slow', '')
  const { pid } = await place.daemon.status()
  await place.restart()
  t.false(alive(pid))
  unlinkSync(place.file('slow'))
  const limits = readFileSync(`/proc/${(await place.daemon.status()).pid}/limits`, 'utf8')
  t.regex(limits, /^Max open files +500 +600 /m)
  await place.daemon.stop()
})

test.serial(
  'the helper is in a session of its own, holds nothing of the daemon and shows no secret',
  async (t) => {
    const place = restarting(t, { env: { NODE_OPTIONS: '--no-warnings' } })
    const pid = await place.start('start', ['secret of the arguments'], {
      stopTimeout: 60_000,
      stopGroup: true,
    })
    place.write('slow', '')
    place.write('order.json', JSON.stringify({ args: ['another secret'] }))
    await place.daemon.signal('SIGUSR2')
    await until(() => place.lines('stopping').length > 0, 'the daemon stops')
    const [helper] = place.processes().filter((other) => other !== pid)
    t.not(stat(helper).session, stat(pid).session)
    t.not(stat(helper).pgrp, stat(pid).pgrp)
    const [commandLine, environ] = ['cmdline', 'environ'].map((name) =>
      readFileSync(`/proc/${helper}/${name}`, 'utf8'),
    )
    t.notRegex(commandLine + environ, /secret of|another secret|of later|NODE_OPTIONS|DAIMON_/)
    t.regex(environ, /of the launch/)
    const open = readdirSync(`/proc/${helper}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${helper}/fd/${fd}`)
      } catch {
        return ''
      }
    })
    t.false(open.includes(place.file('a.pid')))
    unlinkSync(place.file('slow'))
    await until(() => place.lines('begun').length === 2, 'the next one')
    t.deepEqual(place.last().args, ['another secret'])
    await until(() => place.processes().length === 1, 'the end of the helper')
    await place.daemon.stop()
  },
)

test.serial('several restarts at once are one', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'])
  place.write('order.json', JSON.stringify({ times: 3 }))
  place.write('slow', '')
  await place.daemon.signal('SIGUSR2')
  await until(() => place.lines('stopping').length > 0, 'the daemon stops')
  t.is(place.processes().filter((other) => other !== pid).length, 1)
  unlinkSync(place.file('slow'))
  await until(() => place.lines('begun').length === 2 && place.processes().length === 1, 'the next one')
  t.is(place.read('logs/a.log').trimEnd().split('\n').length, 3)
  await place.daemon.stop()
})

test.serial('a stop from outside meanwhile does not keep it from coming back', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'], { stopTimeout: 60_000 })
  place.write('slow', '')
  await place.daemon.signal('SIGUSR2')
  await until(() => place.lines('stopping').length > 0, 'the daemon stops')
  const stopping = place.daemon.stop({ stopTimeout: 60_000 })
  unlinkSync(place.file('slow'))
  t.like(await stopping, { wasRunning: true })
  await until(() => place.lines('begun').length === 2, 'the next one')
  await until(() => place.processes().length === 1, 'the end of the helper')
  t.not(place.last().pid, pid)
  t.like(await place.daemon.status(), { state: 'running', pid: place.last().pid })
  await place.daemon.stop()
})

test.serial('a start from outside meanwhile is the only instance, and the log says so', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'])
  const helpers = () => place.processes().filter((other) => other !== pid)
  place.write('slow', '')
  await place.daemon.signal('SIGUSR2')
  const [helper] = await until(() => place.lines('stopping').length > 0 && helpers(), 'the daemon stops')
  process.kill(helper, 'SIGSTOP')
  unlinkSync(place.file('slow'))
  await until(() => !alive(pid), 'its end')
  const other = await place.start('start', ['b'])
  process.kill(helper, 'SIGCONT')
  await until(() => !alive(helper), 'the end of the helper')
  t.deepEqual(place.processes(), [other])
  t.regex(
    place.lines('daimon:').join(),
    /the restart of the daemon of .*a\.pid has failed: .*already running/,
  )
  await place.daemon.stop()
})

test.serial('a helper that comes too late disturbs nobody', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'])
  process.kill(pid, 'SIGUSR2')
  // Before its exec it is the daemon's own image, with its lock.
  const isHelper = (other) => (content(`/proc/${other}/cmdline`) ?? '').includes('restart-helper.js')
  // A look at the daemon's own children takes no time, and the helper is soon gone.
  const children = () => (content(`/proc/${pid}/task/${pid}/children`) ?? '').split(' ')
  const helper = Number(await until(() => children().find(isHelper), 'the helper'))
  process.kill(helper, 'SIGSTOP')
  process.kill(pid, 'SIGKILL')
  await until(() => !alive(pid), 'its end')
  const other = await place.start('start', ['b'])
  process.kill(helper, 'SIGCONT')
  await until(() => !alive(helper), 'the end of the helper')
  t.deepEqual(place.processes(), [other])
  t.is(place.lines('stopping').length, 0)
  await place.daemon.stop()
})

test.serial('restarts from inside and outside never leave two, or none', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start', ['a'])
  const daemon = place.daemon.with({ lockTimeout: 1_000 })
  await place.daemon.signal('SIGUSR2')
  const outside = place.node([place.program, 'restart', 'b'], { env: { OPTIONS: '{"lockTimeout":1000}' } })
  await outside
  await until(
    async () => (await daemon.status()).pid !== pid && place.processes().length === 1,
    'one is left',
  )
  t.like(await daemon.status(), { state: 'running' })
  t.deepEqual(place.processes(), [(await daemon.status()).pid])
  await daemon.stop()
})

test.serial('when the next one fails, the log says why, and nothing is left', async (t) => {
  const place = restarting(t)
  await place.start('start')
  place.write('fails', '')
  await place.daemon.signal('SIGUSR2')
  await until(() => place.lines('daimon:').length > 0, 'the failure')
  t.regex(
    place.lines('daimon:').join(),
    /has failed: .*exited with code 1 before it was ready: Error: it fails/,
  )
  await until(() => place.processes().length === 0, 'the end of all')
  t.like(await place.daemon.status(), { state: 'stopped', stale: false })
})

test.serial('it is refused before anything happens where it would not start again', async (t) => {
  const place = restarting(t)
  await place.start('module', ['a'], { stdin: place.write('input', '') })
  const away = async (name, expected) => {
    place.rename(name, 'away')
    t.like(await place.refused(), expected, name)
    place.rename('away', name)
  }
  await away('daemon.mjs', { code: 'ERR_DAEMON_INVALID_OPTION', option: 'script' })
  await away('input', { code: 'ERR_DAEMON_INVALID_OPTION', option: 'stdin' })
  const uncloneable = await place.refused({ uncloneable: true })
  t.like(uncloneable, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'args[0]' })
  linkSync(place.file('a.pid'), place.file('link'))
  t.like(await place.refused(), { code: 'ERR_DAEMON_PIDFILE', reason: 'hard-linked' })
  unlinkSync(place.file('link'))
  const self = await place.refused({ self: true })
  t.like(self, { code: 'ERR_DAEMON_UNSUPPORTED' })
  t.regex(self.message, /context\.restart\(\)/)
  await place.restart()
  await place.daemon.stop()
})

test.serial('it is refused when its program, its folder or its log has no place any more', async (t) => {
  const place = restarting(t)
  mkdirSync(place.file('elsewhere'))
  const env = { OPTIONS: JSON.stringify({ cwd: '/' }) }
  const args = [place.program, 'daemonize']
  t.like(await place.node(args, { env, cwd: place.file('elsewhere') }), { code: 0, stderr: '' })
  for (const [name, expected] of [
    ['daemon.mjs', { code: 'ERR_DAEMON_START_FAILED', step: 'exec' }],
    ['elsewhere', { code: 'ERR_DAEMON_START_FAILED', step: 'exec' }],
    ['logs', { code: 'ERR_DAEMON_INVALID_OPTION', option: 'log' }],
  ]) {
    place.rename(name, 'away')
    t.like(await place.refused(), expected, name)
    place.rename('away', name)
  }
  await place.restart()
  await place.daemon.stop()
})

test.serial('it is refused when Node.js or files of the package are gone', async (t) => {
  const place = folder(t)
  for (const name of ['dist', 'native', 'package.json'])
    cpSync(join(ROOT, name), place.file(`daimon/${name}`), { recursive: true })
  const daimon = new URL(`file://${place.file('daimon/dist/index.js')}`).href
  const app = restarting(t, { daimon })
  symlinkSync(process.execPath, app.file('node'))
  await app.start('module', [], { execPath: app.file('node') })
  for (const [path, expected] of [
    [app.file('node'), { code: 'ERR_DAEMON_START_FAILED', step: 'exec' }],
    [place.file('daimon/dist/preload.cjs'), { code: 'ERR_DAEMON_START_FAILED', step: 'exec' }],
    [place.file('daimon/dist/restart-helper.js'), { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' }],
  ]) {
    renameSync(path, `${path}.away`)
    t.like(await app.refused(), expected, path)
    renameSync(`${path}.away`, path)
  }
  // The helper needs it, and this process if it has not loaded it yet.
  renameSync(place.file('daimon/native'), place.file('away'))
  t.regex((await app.refused()).code, /^ERR_DAEMON_(UNSUPPORTED|START_FAILED)$/)
  renameSync(place.file('away'), place.file('daimon/native'))
  await app.restart()
  await app.daemon.stop()
})

test.serial('it is refused before the daemon is ready, and when it stops', async (t) => {
  const place = restarting(t)
  place.write('restart before ready', '')
  await place.start('start')
  t.like(JSON.parse(place.read('answer.json')), { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' })
  unlinkSync(place.file('answer.json'))
  place.write('restart when stopping', '')
  await place.daemon.stop()
  t.like(JSON.parse(place.read('answer.json')), { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' })
  t.deepEqual(place.processes(), [])
})

test.serial('a pidfile that leads to nobody any more is no reason to have two', async (t) => {
  const place = restarting(t)
  const pid = await place.start('start')
  unlinkSync(place.file('a.pid'))
  process.kill(pid, 'SIGUSR2')
  const answer = JSON.parse(await until(() => content(place.file('answer.json')) || undefined, 'the answer'))
  t.like(answer, { code: 'ERR_DAEMON_START_FAILED', step: 'helper' })
  await until(() => place.processes().length === 1, 'the end of the helper')
  t.deepEqual(place.processes(), [pid])
})

for (const [way, options] of [
  ['foreground', {}],
  ['daemonize', { detach: false }],
]) {
  test.serial(`in the foreground it is for the supervisor to do (${way})`, async (t) => {
    const place = restarting(t)
    const started = place.spawn([place.program, way], { env: { OPTIONS: JSON.stringify(options) } })
    await until(() => place.lines('begun').length > 0, 'it runs')
    const answer = await place.refused()
    t.like(answer, { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' })
    t.regex(answer.message, /supervisor/)
    await place.daemon.stop()
    t.like(await started.done, { code: 0 })
  })
}

test.serial('with descriptors of its launcher it cannot be started again', async (t) => {
  const place = restarting(t)
  const args = [place.program, 'start']
  const env = { OPTIONS: JSON.stringify({ keepFds: [3] }) }
  t.like(await place.node(args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ignore'] }), { code: 0 })
  t.like(await place.refused(), { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' })
  await place.daemon.stop()
})

const root = needs('root', 'processor of its own')

root('a daemon that has given up its rights is not started again with less', async (t) => {
  const place = restarting(t)
  chmodSync(place.path, 0o1777)
  await place.start('start', [], { user: 'nobody', log: { file: place.file('logs/a.log'), mode: 0o666 } })
  const user = await place.refused()
  t.is(user.code, 'ERR_DAEMON_PERMISSION_DENIED')
  t.regex(user.message, /pidfile/)
  await place.daemon.stop()
  rmSync(place.file('logs/a.log'))
  await place.start('start')
  const dropped = await place.refused({ drop: 'nobody' })
  t.is(dropped.code, 'ERR_DAEMON_PERMISSION_DENIED')
  t.regex(dropped.message, /given up the rights/)
  await place.daemon.stop()
})

root('a daemon with another group alone is started again with it', async (t) => {
  const place = restarting(t)
  await place.start('start', [], { group: 'nogroup' })
  const gid = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8').match(/^Gid:.*$/m)[0]
  const before = gid((await place.daemon.status()).pid)
  t.is(gid(await place.restart()), before)
  await place.daemon.stop()
})

root('below another root folder there is no way back', async (t) => {
  const place = restarting(t)
  chmodSync(place.path, 0o755)
  await place.start('start', [], { chroot: '/' })
  t.like(await place.refused(), { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' })
  await place.daemon.stop()
})
