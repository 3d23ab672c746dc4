// The example of docs/context.md.
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'
import { content, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const context = guide('docs/context.md')
const log = (place) => content(place.file('worker.log')) ?? ''

/** `await using` needs Node.js 24; what it stands for, and the page says so, does not. */
function inOldNodes(place) {
  const program = place.read('worker.js').replace('await using daemon', 'const daemon')
  place.write('worker.js', `${program}await daemon.stop()\n`)
}

context('worker.js is ready, reloads, and is stopped', ['worker.js'], async (t, place) => {
  inOldNodes(place)
  t.like(await place.node(['worker.js']), { code: 0, stdout: '', stderr: '' })
  const daemon = new Daemon({ pidFile: place.file('worker.pid') })
  await daemon.reload()
  await until(() => log(place).includes('reloading the configuration\n'), 'the reload')
  await daemon.stop()
  t.regex(log(place), /stopping: signal\n/)
  t.deepEqual(place.processes(), [])
})

context('worker.js ends when its work is done', ['worker.js'], async (t, place) => {
  inOldNodes(place)
  t.is((await place.node(['worker.js'])).code, 0)
  await new Daemon({ pidFile: place.file('worker.pid') }).exited()
  t.is(log(place), 'stopping: stop\n')
})

const modern = context.by(needs('await using'))

modern('worker.js as it stands ends with its block', ['worker.js'], async (t, place) => {
  t.is((await place.node(['worker.js'])).code, 0)
  await new Daemon({ pidFile: place.file('worker.pid') }).exited()
  t.is(log(place), 'stopping: stop\n')
})
