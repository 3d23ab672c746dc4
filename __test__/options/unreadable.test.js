// Values that throw when they are read: getters, and proxies.
import test from 'ava'
import { Daemon, send } from '../../dist/index.js'
import { folder } from '../helpers/index.js'

const refusal = new Error('no reader')
const refuse = () => {
  throw refusal
}
const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor']
const guarded = () => new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, refuse])))

function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

const UNREADABLE = {
  'a proxy whose traps throw': guarded(),
  'a revoked proxy': revoked({}),
  'a revoked proxy of an array': revoked([]),
  'an array with a getter that throws': Object.defineProperty([0], 0, { get: refuse, enumerable: true }),
  'an object with getters that throw': Object.defineProperties(
    {},
    Object.fromEntries(
      ['file', 'nofile', 'SIGTERM', 'debug'].map((key) => [key, { get: refuse, enumerable: true }]),
    ),
  ),
}

const OPTIONS =
  'name pidFile pidFileMode log stdin stdout stderr cwd umask env cleanEnv title user group chroot limits nice ' +
  'keepFds ready readyTimeout detach signals execPath execArgv stopSignal forceKill logger run script scriptArgs'

for (const [what, value] of Object.entries(UNREADABLE)) {
  test.serial(`${what} is refused by the name of its option, whichever it is`, (t) => {
    const pidFile = folder(t).file('a.pid')
    const script = '/x.js'
    for (const option of OPTIONS.split(' ')) {
      const make = () => new Daemon({ pidFile, script, [option]: value })
      const error = t.throws(make, undefined, option)
      t.is(error.code, 'ERR_DAEMON_INVALID_OPTION', `${option}: ${error.stack}`)
      t.regex(error.option, new RegExp(`^${option}\\b`))
    }
  })
}

test.serial('options that cannot be read are refused, with what they have thrown as cause', async (t) => {
  const pidFile = folder(t).file('a.pid')
  const daemon = new Daemon({ pidFile })
  const expected = { name: 'InvalidOptionError', code: 'ERR_DAEMON_INVALID_OPTION' }
  for (const options of [guarded(), Object.defineProperty({}, 'signal', { get: refuse, enumerable: true })]) {
    for (const call of [() => new Daemon(options), () => daemon.with(options), () => daemon.logs(options)]) {
      const error = t.throws(call, expected)
      t.is(error.cause, refusal)
      t.regex(error.message, /cannot be read: no reader/)
    }
    for (const verb of ['stop', 'exited'])
      t.is((await t.throwsAsync(daemon[verb](options), expected)).cause, refusal)
  }
  for (const path of [guarded(), revoked({})]) await t.throwsAsync(async () => send(path, 'SIGHUP'), expected)
})
