// The examples of docs/control.md.
import { spawnSync } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { Daemon } from '../../dist/index.js'
import { guide, pageText } from '../helpers/guides.js'
import { content, fixture, folder, freePort, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const FOR_EVER = 'setInterval(() => {}, 1e6)'
const control = guide('docs/control.md')

control('greeter.js gets its greeting and its port', ['greeter.js'], async (t, place) => {
  const port = await freePort()
  place.write('greeter.js', place.read('greeter.js').replace('8081', String(port)))
  t.like(await place.node(['greeter.js']), { code: 0, stderr: '' })
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'Good morning\n')
  t.regex((await place.node(['greeter.js', 'stop'])).stdout, /wasRunning: true/)
  t.deepEqual(place.processes(), [])
})

control('patient.js starts, waits and stops', ['patient.js'], async (t, place) => {
  const port = await freePort()
  cpSync(fixture('docs/server.js'), place.file('server.js'))
  place.write('patient.js', place.read('patient.js').replace('8083', String(port)))
  const { code, stdout, stderr } = await place.node(['patient.js'])
  t.deepEqual([code, stderr], [0, ''])
  t.regex(stdout, /state: 'running'[\s\S]*wasRunning: true/)
  t.deepEqual(place.processes(), [])
})

control('patient.js gives up in the end', ['patient.js'], async (t, place) => {
  const port = await freePort()
  cpSync(fixture('docs/server.js'), place.file('server.js'))
  const web = new Daemon({
    pidFile: place.file('web.pid'),
    script: place.file('server.js'),
    scriptArgs: [String(port)],
  })
  const { pid } = await web.start()
  place.write('patient.js', place.read('patient.js').replace('5_000', '50'))
  const { code, stderr } = await place.node(['patient.js'])
  t.is(code, 1)
  t.regex(stderr, /TimeoutError/)
  t.like(await web.status(), { state: 'running', pid })
  await web.stop()
})

control('hup.js sends SIGHUP', ['hup.js'], async (t, place) => {
  const script = place.write('listener.js', `process.on('SIGHUP', () => console.log('came'))\n${FOR_EVER}`)
  const web = new Daemon({ pidFile: place.file('web.pid'), script, log: place.file('web.log') })
  await web.start()
  place.write('hup.js', place.read('hup.js').replace('/run/daimon/web.pid', place.file('web.pid')))
  t.like(await place.node(['hup.js']), { code: 0, stdout: '', stderr: '' })
  await until(() => content(place.file('web.log')) === 'came\n', 'the signal')
  await web.stop()
})

needs('tsc')('the types on the page are those of the package', (t) => {
  const place = folder(t)
  const [, types] = /^```ts\n([\s\S]*?)^```$/m.exec(pageText('docs/control.md'))
  const names = Array.from(types.matchAll(/^type (\w+) =/gm), ([, name]) => name)
  t.deepEqual(names, ['Running', 'Body', 'Stopped', 'Unverified'])
  // Each is the other, property by property.
  const same = names.map((name) => `const ${name}: Same<${name}, daimon.${name}> = true`)
  const lines = [
    `import type * as daimon from '${join(ROOT, 'dist/index.js')}'`,
    'type Same<A, B> = (<T>() => T extends { [K in keyof A]: A[K] } ? 1 : 2) extends',
    '  (<T>() => T extends { [K in keyof B]: B[K] } ? 1 : 2) ? true : false',
    // Any program's constants know the names.
    types.replaceAll('signal?: string', 'signal?: daimon.SignalName'),
    ...same,
  ]
  const file = place.write('page.ts', lines.join('\n'))
  const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--ignoreConfig']
  const where = ['--module', 'nodenext', '--skipLibCheck', '--types', '']
  const compiler = join(ROOT, 'node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(compiler, [...flags, ...where, file], { encoding: 'utf8' })
  t.is(status, 0, stdout)
})
