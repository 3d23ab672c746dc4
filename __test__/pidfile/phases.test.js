// How far a daemon has come, by the kernel's locks on its pidfile.
import { existsSync } from 'node:fs'
import test from 'ava'
import { body } from '../fixtures/body.js'
import { GATE } from '../helpers/gate.js'
import { folder, until } from '../helpers/index.js'
import { locks } from '../helpers/pidfile.js'

test.serial('the lock that names a daemon gets shorter with each step of its start', async (t) => {
  const place = folder(t)
  const { file } = place
  const before = place.write(
    'before.mjs',
    `import { gate } from ${JSON.stringify(GATE)}\nawait gate(${JSON.stringify(place.path)})`,
  )
  const daemon = body({ pidFile: file('a.pid'), execArgv: ['--import', before] })
  const start = daemon.start('slowly', file('begun'), file('release'), file('served'))
  await until(() => existsSync(file('waits')), 'the gate')
  const { pid, starting } = await daemon.status()
  t.true(starting)
  t.deepEqual(locks(file('a.pid'), pid), ['0 2', '5 5'], 'it has no handlers for signals')
  place.write('open', '')
  await until(() => existsSync(file('begun')), 'the body')
  t.true((await daemon.status()).starting)
  t.deepEqual(locks(file('a.pid'), pid), ['0 1', '5 5'], 'it has handlers')
  place.write('release', '')
  await start
  t.is((await daemon.status()).starting, undefined)
  t.deepEqual(locks(file('a.pid'), pid), ['0 0', '5 5'], 'it is ready')
})
