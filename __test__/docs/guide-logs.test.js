// The examples of docs/logs.md.
import { existsSync, statSync } from 'node:fs'
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'
import { content, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const logs = guide('docs/logs.md')

logs('rotation, and a reader', ['chatty.js', 'watch.js'], async (t, place) => {
  t.like(await place.node(['chatty.js']), { code: 0, stdout: '', stderr: '' })
  await until(() => existsSync(place.file('chatty.log.3.gz')), 'three rotations')
  const { code, stdout, stderr } = await place.node(['watch.js'])
  t.deepEqual([code, stderr], [0, ''])
  const lines = stdout.split('\n')
  const numbers = lines
    .slice(0, 5)
    .map((line) => Number(/^line (\d+) of something that talks a lot$/.exec(line)?.[1]))
  t.deepEqual(
    numbers,
    [0, 1, 2, 3, 4].map((index) => numbers[0] + index),
  )
  t.regex(lines[5], /^… and [1-9]\d* more in two seconds$/)
  await new Daemon({ pidFile: place.file('chatty.pid') }).stop()
  t.false(existsSync(place.file('chatty.log.4.gz')))
})

const CONF = '/etc/logrotate.d/steady'
const withLogrotate = logs.by(needs('logrotate'))

withLogrotate('a log that logrotate rotates', ['steady.js', 'reload.js', CONF], async (t, place) => {
  const here = (text) =>
    text.replaceAll('/var/log/', `${place.path}/`).replaceAll('/srv/steady/', `${place.path}/`)
  place.write('steady.js', here(place.read('steady.js')))
  const config = place.write('logrotate.conf', here(place.read(CONF)))
  // As the example's own folder has it.
  place.write(
    'reload.js',
    place.read('reload.js').replace("'steady.pid'", JSON.stringify(place.file('steady.pid'))),
  )
  const rotate = async () => {
    const args = ['--force', '--state', place.file('state'), config]
    t.like(await place.command('logrotate', args), { code: 0, stderr: '' })
  }
  t.like(await place.node(['steady.js']), { code: 0, stderr: '' })
  const log = place.file('steady.log')
  await until(() => content(log) !== '', 'lines')
  await rotate()
  await until(() => statSync(log).size > 0, 'lines in the new log')
  await rotate()
  await new Daemon({ pidFile: place.file('steady.pid') }).stop()
  t.true(existsSync(`${log}.1`) && existsSync(`${log}.2.gz`))
  t.regex(content(log) + content(`${log}.1`), /^(\d{4}-\d\d-\d\dT\S+\n)+$/)
  // One that does not run is no error.
  place.write('steady.log', 'more\n')
  await rotate()
})
