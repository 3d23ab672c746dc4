// The examples of docs/context.md.
import { Daemon } from '../../dist/index.js'
import { at, daimon } from '../helpers/cli.js'
import { guide } from '../helpers/guides.js'
import { content, freePort, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const context = guide('docs/context.md')
const log = (place) => content(place.file('worker.log')) ?? ''

context('worker.js is ready, reloads, and is stopped', ['worker.js'], async (t, place) => {
  t.like(await place.node(['worker.js']), { code: 0, stdout: '', stderr: '' })
  const daemon = new Daemon({ pidFile: place.file('worker.pid') })
  await daemon.reload()
  await until(() => log(place).includes('reloading the configuration\n'), 'the reload')
  await daemon.stop()
  t.regex(log(place), /stopping: signal\n/)
  t.deepEqual(place.processes(), [])
})

context('worker.js ends when its work is done', ['worker.js'], async (t, place) => {
  t.is((await place.node(['worker.js'])).code, 0)
  await new Daemon({ pidFile: place.file('worker.pid') }).exited()
  t.is(log(place), 'stopping: stop\n')
})

context('either.js says when it is ready, and runs without daimon', ['either.js'], async (t, place) => {
  const alone = place.read('either.js').replace('Daemon.current?.ready()', 'process.exit()')
  place.write('alone.js', alone)
  t.like(await place.node(['alone.js', '0']), { code: 0, stdout: 'no daemon\n' })
  const log = place.file('either.log')
  const port = String(await freePort())
  const flags = ['--name', 'either', ...at(place, 'either'), '--log', log, '--ready', 'manual']
  t.like(await daimon(place, 'start', ...flags, place.file('either.js'), '--', port), { code: 0 })
  t.is(content(log), 'either\n')
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'hello\n')
  t.is((await daimon(place, 'stop', ...at(place, 'either'))).code, 0)
  t.deepEqual(place.processes(), [])
})

const modern = context.by(needs('await using'))

modern('worker.js with `await using` ends with its block', ['worker.js'], async (t, place) => {
  const program = place.read('worker.js').replace('const daemon', 'await using daemon')
  place.write('worker.js', program.replace('await daemon.stop()\n', ''))
  t.is((await place.node(['worker.js'])).code, 0)
  await new Daemon({ pidFile: place.file('worker.pid') }).exited()
  t.is(log(place), 'stopping: stop\n')
})
