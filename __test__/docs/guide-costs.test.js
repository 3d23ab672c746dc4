// The example of docs/costs.md.
import { existsSync } from 'node:fs'
import nodeModule from 'node:module'
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'

const hasCache = nodeModule.enableCompileCache !== undefined

guide('docs/costs.md')('cached.js starts a server whose code is kept', ['cached.js'], async (t, place) => {
  place.write('server.js', 'setInterval(() => {}, 1e6)')
  t.like(await place.node(['cached.js'], { env: { DAIMON_HOME: place.path } }), { code: 0, stderr: '' })
  await new Daemon({ pidFile: place.file('server.pid') }).stop()
  t.is(existsSync(place.file('compile-cache')), hasCache)
})
