// A daemon that has itself replaced: the next one is as it was.
import { mkdirSync, readdirSync, readFileSync, readlinkSync, unlinkSync } from 'node:fs'
import test from 'ava'
import { alive, stat, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { restarting } from '../helpers/restart.js'

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
  await place.start('start', [], { stopSignal: 'SIGINT', stopTimeout: 1_000, limits: { nofile: [500, 600] } })
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

needs('root', 'processor of its own')(
  'a daemon with another group alone is started again with it',
  async (t) => {
    const place = restarting(t)
    await place.start('start', [], { group: 'nogroup' })
    const gid = (pid) => readFileSync(`/proc/${pid}/status`, 'utf8').match(/^Gid:.*$/m)[0]
    const before = gid((await place.daemon.status()).pid)
    t.is(gid(await place.restart()), before)
    await place.daemon.stop()
  },
)
