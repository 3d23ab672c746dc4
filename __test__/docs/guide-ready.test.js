// The example of docs/ready.md.
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'

guide('docs/ready.md')('both.js goes on in the launcher', ['both.js'], async (t, place) => {
  const { code, stdout, stderr } = await place.node(['both.js'])
  const { pid } = await new Daemon({ pidFile: place.file('both.pid') }).status()
  t.deepEqual([code, stdout, stderr], [0, `started with PID ${pid}\n`, ''])
  t.deepEqual(place.processes(), [pid])
})
