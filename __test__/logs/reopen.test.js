import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { content, fixture, folder, ROOT, until } from '../helpers/index.js'
import { checkLines, texts, writer, written } from '../helpers/logs.js'
import { needs } from '../helpers/needs.js'

const script = fixture('logs/reopens.mjs')

test.serial('reopenLogs() goes on in a new file of the same mode, without a reload', async (t) => {
  const place = folder(t)
  const umask = process.umask(0o077)
  t.teardown(() => process.umask(umask))
  const file = place.file('a.log')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, log: { file, mode: 0o604 } })
  await daemon.start()
  renameSync(file, place.file('old'))
  await daemon.signal('SIGUSR2')
  await until(() => content(file) === 'reopened undefined\nboth\n', 'the new log')
  t.is(place.read('old'), 'begun\n')
  t.is(statSync(file).mode & 0o777, 0o604)
})

test.serial('stdout and stderr in two files are both opened again', async (t) => {
  const place = folder(t)
  const [stdout, stderr] = [place.file('out'), place.file('err')]
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, stdout, stderr })
  await daemon.start()
  renameSync(stdout, place.file('old'))
  await daemon.signal('SIGUSR2')
  await until(() => content(stdout) === 'reopened undefined\n' && content(stderr) === 'both\n', 'both')
  t.is(place.read('old'), 'begun\n')
})

test.serial('a log that cannot be opened again is kept, with a warning', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script, log: file })
  await daemon.start()
  renameSync(file, place.file('old'))
  mkdirSync(file)
  await daemon.signal('SIGUSR2')
  await until(() => place.read('old').endsWith('both\n'), 'the warning')
  t.regex(
    place.read('old'),
    /^begun\ndaimon: the log stays as it is: .*a\.log is a folder.*EISDIR.*\nreopened/,
  )
  rmdirSync(file)
  await daemon.reload()
  await until(() => content(file) === 'reload\n', 'the new log')
})

test.serial('renamed and reloaded many times under load, every line is in exactly one file', async (t) => {
  const place = folder(t)
  const file = place.file('a.log')
  const daemon = writer(place, { least: 100_000, enough: place.file('enough'), log: file })
  await daemon.start()
  for (let round = 40; round > 0; round--) {
    renameSync(file, `${file}.${round}`)
    await daemon.reload()
    await until(() => existsSync(file), 'the new log')
  }
  place.write('enough', '')
  const count = await written(place)
  checkLines(t, texts(place), count)
  t.is(texts(place).length, 41)
})

test.serial('rotation and reload do not meet half way', async (t) => {
  const place = folder(t)
  const log = { file: place.file('a.log'), maxSize: 10_000, keep: 999 }
  const daemon = writer(place, { least: 50_000, enough: place.file('a.log.30'), log })
  await daemon.start()
  while (!existsSync(place.file('written'))) {
    await daemon.reload()
    await turn()
  }
  const count = await written(place)
  // Or its last rotation comes while the files are read.
  await daemon.stop()
  checkLines(t, texts(place), count)
})

for (const create of ['create', 'nocreate']) {
  needs('logrotate')(`logrotate (${create}) with SIGHUP takes no line away and doubles none`, async (t) => {
    const place = folder(t)
    const config = place.write(
      'logrotate.conf',
      `${place.file('a.log')} {
         size 1
         rotate 900
         ${create}
         nocompress
         postrotate
           kill -HUP $(cat ${place.file('a.pid')})
         endscript
       }\n`,
    )
    const log = place.file('a.log')
    const daemon = writer(place, { least: 100_000, enough: place.file('enough'), log })
    await daemon.start()
    for (let round = 0; round < 12; round++) {
      await until(() => (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0, 'lines in the new log')
      const args = ['--force', '--state', place.file('state'), config]
      t.like(await place.command('logrotate', args), { code: 0, stderr: '' })
    }
    place.write('enough', '')
    const count = await written(place)
    checkLines(t, texts(place), count)
    t.is(readdirSync(place.path).filter((name) => name.startsWith('a.log')).length, 13)
  })
}

test.serial('a plain script opens its log again even where the package has gone since', async (t) => {
  const place = folder(t)
  for (const part of ['dist', 'native'])
    cpSync(join(ROOT, part), place.file(`copy/${part}`), { recursive: true })
  place.write('tell.mjs', "setInterval(() => {}, 1e6); process.on('SIGUSR2', () => console.log('here'))")
  const program = `import { Daemon } from './copy/dist/index.js'
    await new Daemon({ pidFile: 'a.pid', script: 'tell.mjs', log: 'a.log' }).start()`
  t.like(await place.node([place.write('p.mjs', program)]), { code: 0, stderr: '' })
  const daemon = new Daemon({ pidFile: place.file('a.pid') })
  place.rename('copy', 'gone')
  place.rename('a.log', 'a.log.1')
  await daemon.reload()
  await until(() => existsSync(place.file('a.log')), 'the new log')
  await daemon.signal('SIGUSR2')
  await until(() => content(place.file('a.log')) === 'here\n', 'the line')
  t.is(place.read('a.log.1'), '')
})
