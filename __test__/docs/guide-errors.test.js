// The example of docs/errors.md.
import { cpSync } from 'node:fs'
import { createServer } from 'node:net'
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'
import { fixture, freePort } from '../helpers/index.js'

const errors = guide('docs/errors.md')

/** The example with its server, on that port. */
function onPort(place, port) {
  cpSync(fixture('docs/server.js'), place.file('server.js'))
  place.write('careful.js', place.read('careful.js').replace('8084', String(port)))
}

errors('careful.js tells that it runs already', ['careful.js'], async (t, place) => {
  onPort(place, await freePort())
  t.like(await place.node(['careful.js']), { code: 0, stderr: '' })
  const web = new Daemon({ pidFile: place.file('web.pid') })
  const { pid } = await web.status()
  t.like(await place.node(['careful.js']), { code: 1, stderr: `runs already: ${pid}\n` })
  await web.stop()
})

errors('careful.js tells that the port is taken', ['careful.js'], async (t, place) => {
  const other = createServer()
  await new Promise((resolve) => other.listen(0, resolve))
  onPort(place, other.address().port)
  t.like(await place.node(['careful.js']), { code: 1, stderr: 'the port is taken\n' })
  other.close()
  t.deepEqual(place.processes(), [])
})
