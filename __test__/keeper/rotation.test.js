// One of the bodies rotates the log.
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import test from 'ava'
import { alive, folder, kill, until } from '../helpers/index.js'
import { kept, serving } from '../helpers/keeper.js'

/** Writes more than a log may have when it gets SIGUSR2, and its PID when it gets SIGUSR1. */
const WRITES = `
  process.on('SIGUSR2', () => process.stdout.write('x'.repeat(600) + '\\n'))
  process.on('SIGUSR1', () => process.stdout.write('from ' + process.pid + '\\n'))
  require('node:http').createServer((_, response) => response.write('begun')).listen(process.env.PORT, '127.0.0.1')`

const writing = (place, options) => {
  const log = { file: place.file('a.log'), maxSize: 500 }
  return kept(place, { script: place.write('writes.cjs', WRITES), log, ...options })
}

const comm = (pid, id) => readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim()

const rotates = (pid) => readdirSync(`/proc/${pid}/task`).some((id) => comm(pid, id) === 'daimon-log')

const isThere = (path) => statSync(path, { throwIfNoEntry: false }) !== undefined

test.serial('all bodies write to the new file after one of them has rotated the log', async (t) => {
  const place = folder(t)
  const { daemon, log } = await writing(place, { instances: 2 })
  const { pid } = await daemon.start()
  const [first, second] = await serving(daemon)
  kill(first, 'SIGUSR2')
  await until(() => isThere(place.file('a.log.1')))
  const inode = statSync(place.file('a.log')).ino
  // The keeper, whose log that of the daemon is, too: it shows that to root alone.
  const isSeen = process.geteuid() === 0
  await until(() => !isSeen || statSync(`/proc/${pid}/fd/1`).ino === inode)
  await until(() => statSync(`/proc/${second}/fd/1`).ino === inode)
  kill(second, 'SIGUSR1')
  await until(() => log().includes(`from ${second}`))
  // The next one of the same place rotates, too, and no other one does meanwhile.
  kill(second, 'SIGSTOP')
  kill(first)
  const next = await until(async () => {
    const { bodies } = await daemon.status()
    return bodies.find(({ pid, instance, ready }) => instance === 0 && ready && pid !== first)
  })
  kill(second, 'SIGCONT')
  kill(next.pid, 'SIGUSR2')
  await until(() => isThere(place.file('a.log.2')))
  t.false(rotates(second))
  await daemon.stop()
})

test.serial('the next generation rotates the log, and the present one no more', async (t) => {
  const place = folder(t)
  const { daemon, log, port } = await writing(place)
  await daemon.start()
  const [old] = await serving(daemon)
  kill(old, 'SIGUSR2')
  await until(() => isThere(place.file('a.log.1')))
  // An answer without an end holds the old one up.
  const open = connect(port, '127.0.0.1', () => open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
  t.teardown(() => open.destroy())
  await once(open, 'data')
  await daemon.upgrade()
  const [next] = await serving(daemon)
  t.true(alive(old))
  await until(() => rotates(next))
  kill(next, 'SIGUSR2')
  await until(() => isThere(place.file('a.log.2')))
  const { ino } = statSync(place.file('a.log'))
  await until(() => statSync(`/proc/${old}/fd/1`).ino === ino)
  kill(old, 'SIGUSR2')
  await until(() => isThere(place.file('a.log.3')))
  await until(() => !rotates(old))
  kill(old, 'SIGUSR1')
  await until(() => log().includes(`from ${old}`))
  await daemon.stop()
  t.pass()
})

test.serial('a program that hangs rotates the log until it ends, and the next one does not', async (t) => {
  const place = folder(t)
  const script = place.write(
    'hangs.cjs',
    `process.on('SIGHUP', () => { while (true); })
     require('node:http').createServer((_, response) => response.end(String(process.pid))).listen(process.env.PORT)`,
  )
  const log = { file: place.file('a.log'), maxSize: 500 }
  const { daemon, get } = await kept(place, { script, log, stopTimeout: 100 })
  await daemon.start()
  const [old] = await serving(daemon)
  await until(() => rotates(old))
  kill(old, 'SIGHUP')
  await daemon.upgrade()
  const [next] = await serving(daemon)
  t.is(await get(), String(next))
  t.deepEqual([rotates(old), rotates(next)], [true, false])
  kill(old)
  await until(() => rotates(next))
  await daemon.stop()
})
