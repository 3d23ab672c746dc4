import test from 'ava'
import { validateOptions } from '../../build/options/validate.js'

const valid = (options) => validateOptions({ pidFile: '/run/a.pid', ...options }, 'Daemon')
const refused = (t, options) =>
  t.throws(() => valid(options), { code: 'ERR_DAEMON_INVALID_OPTION' }, JSON.stringify(options))

test('a socket is beside the pidfile, or at its path', (t) => {
  const socket = { path: '/run/a.sock', mode: 0o600, hello: true }
  t.is(valid({}).socket, undefined)
  t.is(valid({ socket: false }).socket, undefined)
  t.deepEqual(valid({ socket: true }).socket, socket)
  t.deepEqual(valid({ socket: {} }).socket, socket)
  t.deepEqual(valid({ pidFile: '/run/a.lock', socket: true }).socket, { ...socket, path: '/run/a.lock.sock' })
  t.deepEqual(valid({ socket: '/x/y' }).socket, { ...socket, path: '/x/y' })
  t.deepEqual(valid({ socket: new URL('file:///x%20y') }).socket, { ...socket, path: '/x y' })
  const all = { path: '/x', mode: 0o666, hello: false }
  t.deepEqual(valid({ socket: all }).socket, all)
})

test('an idle time is of any length, and a version is plain', (t) => {
  t.is(valid({}).idleTimeout, Number.POSITIVE_INFINITY)
  for (const idleTimeout of [0, 1.5, 1e12])
    t.is(valid({ socket: true, idleTimeout }).idleTimeout, idleTimeout)
  t.is(valid({ socket: true, version: '!~' }).version, '!~')
})

for (const [options, option, value] of [
  [{ socket: 'a\0b' }, 'socket', 'a\0b'],
  [{ socket: '' }, 'socket', ''],
  [{ socket: 7 }, 'socket', 7],
  [{ socket: null }, 'socket', null],
  [{ socket: [] }, 'socket', []],
  [{ socket: '/run/a.pid' }, 'socket', '/run/a.pid'],
  [{ socket: { path: '' } }, 'socket.path', ''],
  [{ socket: { mode: 0o066 } }, 'socket.mode', 0o066],
  [{ socket: { mode: '600' } }, 'socket.mode', '600'],
  [{ socket: { hello: 1 } }, 'socket.hello', 1],
  [{ socket: { modes: 0o600 } }, 'socket.modes', 0o600],
  [{ idleTimeout: 5 }, 'idleTimeout', 5],
  [{ socket: false, idleTimeout: 5 }, 'idleTimeout', 5],
  [{ socket: true, idleTimeout: -1 }, 'idleTimeout', -1],
  [{ socket: true, idleTimeout: Number.NaN }, 'idleTimeout', Number.NaN],
  [{ socket: true, idleTimeout: '5' }, 'idleTimeout', '5'],
  [{ version: '1' }, 'version', '1'],
  [{ socket: true, version: '' }, 'version', ''],
  [{ socket: true, version: '1 2' }, 'version', '1 2'],
  [{ socket: true, version: 'v'.repeat(65) }, 'version', 'v'.repeat(65)],
  [{ socket: true, version: '\u00e9' }, 'version', '\u00e9'],
  [{ socket: true, version: 1 }, 'version', 1],
  [{ socket: { hello: false }, version: '1' }, 'socket.hello', false],
  [{ socket: { hello: false }, idleTimeout: 5 }, 'socket.hello', false],
]) {
  test(`${option} of ${JSON.stringify(options)} is refused by its name`, (t) => {
    const error = refused(t, options)
    t.is(error.option, option)
    t.deepEqual(error.value, value)
  })
}
