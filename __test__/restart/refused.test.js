// Where a daemon cannot have itself replaced.
import {
  chmodSync,
  closeSync,
  cpSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { content, folder, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { restarting } from '../helpers/restart.js'

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
  const refused = () => {
    const { message, ...rest } = JSON.parse(place.read('answer.json'))
    t.like(rest, { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' })
    return message
  }
  t.is(refused(), 'The daemon is not ready yet: a restart now would make its start fail.')
  unlinkSync(place.file('answer.json'))
  place.write('restart when stopping', '')
  await place.daemon.stop()
  t.is(refused(), 'The daemon is already stopping.')
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
  const kept = openSync('/dev/null', 'r')
  t.teardown(() => closeSync(kept))
  t.like(await place.node(args, { env, stdio: ['ignore', 'pipe', 'pipe', kept] }), { code: 0 })
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

root('below another root folder there is no way back', async (t) => {
  const place = restarting(t)
  chmodSync(place.path, 0o755)
  await place.start('start', [], { chroot: '/' })
  t.like(await place.refused(), { code: 'ERR_DAEMON_UNSUPPORTED', feature: 'restart' })
  await place.daemon.stop()
})
