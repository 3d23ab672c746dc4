// The examples of README.
import { createServer } from 'node:net'
import { at, daimon, privately } from '../helpers/cli.js'
import { commands, follow, guide } from '../helpers/guides.js'
import { content, freePort } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const readme = guide('README.md')

readme('hello.js serves and is stopped', ['hello.js'], async (t, place) => {
  const port = await freePort()
  place.write('hello.js', place.read('hello.js').replace('8080', String(port)))
  t.like(await place.node(['hello.js']), { code: 0, stdout: '', stderr: '' })
  const pid = content(place.file('hello.pid'))
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), `Hello from ${pid}`)
  t.is((await daimon(place, 'stop', ...at(place, 'hello'))).code, 0)
  t.deepEqual(place.processes(), [])
})

readme('hello.js on a port in use prints why, and exits with 1', ['hello.js'], async (t, place) => {
  const other = createServer()
  await new Promise((resolve) => other.listen(0, resolve))
  place.write('hello.js', place.read('hello.js').replace('8080', String(other.address().port)))
  const { code, stderr } = await place.node(['hello.js'])
  other.close()
  t.is(code, 1)
  t.regex(stderr, /EADDRINUSE/)
  t.deepEqual(place.processes(), [])
})

readme('ctl.js controls a script', ['ctl.js', 'server.js'], async (t, place) => {
  const port = await freePort()
  place.write('ctl.js', place.read('ctl.js').replace('8080', String(port)))
  const ctl = async (...args) => {
    const { code, stdout, stderr } = await place.node(['ctl.js', ...args])
    t.deepEqual([code, stderr], [0, ''])
    return stdout
  }
  t.regex(await ctl(), /state: 'stopped'/)
  t.regex(await ctl('start'), /state: 'running'/)
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'served\n')
  t.regex(await ctl('restart'), /state: 'running'/)
  t.is(await ctl('reload'), 'done\n')
  t.is(content(place.file('web.log')), 'listening\nlistening\n')
  t.regex(await ctl('stop'), /wasRunning: true/)
  t.like(await place.node(['ctl.js', 'dance']), { code: 1 })
  t.deepEqual(place.processes(), [])
})

readme('ask.js has its daemon on demand', ['ask.js', 'answer.js'], async (t, place) => {
  for (let round = 0; round < 2; round++)
    t.like(await place.node(['ask.js']), { code: 0, stdout: '42\n', stderr: '' })
  t.is(place.processes().length, 1)
  t.is((await daimon(place, 'stop', ...at(place, 'answer'))).code, 0)
  t.deepEqual(place.processes(), [])
})

const alone = readme.by(needs('root', 'mount namespaces'))
const COMMANDS = 'npx daimon start --name web server.js -- 8080'

alone('the commands start, show, restart and stop a script', [COMMANDS], async (t, place) => {
  const text = commands('README.md').get(COMMANDS)
  const first = String(await freePort())
  const second = String(await freePort())
  const script = follow(text.replaceAll('npx ', ''), 'listening')
    .replace('8080', first)
    .replace('8081', second)
  const { code, stdout, stderr } = await privately(place, `set -e\n${script}`)
  t.is(code, 0, stderr)
  t.regex(stdout, /^web +running +\d+/m)
  t.regex(stderr, /web has stopped\n$/)
  t.deepEqual(place.processes(), [])
})
