// The examples of docs/executed-again.md.
import { Daemon } from '../../dist/index.js'
import { guide } from '../helpers/guides.js'
import { content, freePort, until } from '../helpers/index.js'

const again = guide('docs/executed-again.md')

again('secret.js hands over the password', ['secret.js'], async (t, place) => {
  const told = "function connect(password) { console.log('connected with', password) }"
  const program = place
    .read('secret.js')
    .replace('function connect(_password) {}', told)
    .replace("name: 'secret',", "name: 'secret', log: 'secret.log',")
  place.write('secret.js', program)
  const launcher = place.spawn(['secret.js'])
  launcher.child.stdin.end('open sesame\n')
  t.like(await launcher.done, { code: 0, stderr: '' })
  t.regex(launcher.output().stdout, /^Password: /)
  await until(
    () => content(place.file('secret.log'))?.includes('connected with open sesame\n'),
    'the password',
  )
  t.notRegex(content(place.file('secret.log')), /Password/)
  await new Daemon({ pidFile: place.file('secret.pid') }).stop()
  t.deepEqual(place.processes(), [])
})

again(
  'admin.js controls ticker.js, and is not executed again',
  ['admin.js', 'ticker.js'],
  async (t, place) => {
    const port = await freePort()
    place.write('admin.js', place.read('admin.js').replace('8082', String(port)))
    const admin = place.spawn(['admin.js'])
    const url = `http://127.0.0.1:${port}`
    const ask = async (method) => (await fetch(url, { method })).json()
    await until(() => ask('GET').catch(() => undefined), 'the server')
    t.like(await ask('GET'), { state: 'stopped' })
    const { state, pid } = await ask('POST')
    t.is(state, 'running')
    await until(() => content(place.file('ticker.log'))?.includes(`tick of ${pid}\n`), 'a tick')
    t.like(await ask('GET'), { state: 'running', pid })
    t.deepEqual(
      place.processes().toSorted((a, b) => a - b),
      [admin.pid, pid].toSorted((a, b) => a - b),
    )
    t.like(await ask('DELETE'), { wasRunning: true })
    t.deepEqual(place.processes(), [admin.pid])
  },
)
