// The package where Node's own errors are no instances of its realm's Error, as in a test of Jest's.
import test from 'ava'
import { DAIMON, fixture, folder } from '../helpers/index.js'

test("Node's errors are told as the package's, whichever realm it is in", async (t) => {
  const place = folder(t)
  place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const flags = ['--experimental-vm-modules', '--no-warnings']
  const { stdout, stderr } = await place.node([...flags, fixture('binding/other-realm.mjs'), DAIMON])
  const option = 'ERR_DAEMON_INVALID_OPTION'
  t.deepEqual([stdout.split('\n'), stderr], [[option, option, 'ERR_DAEMON_PIDFILE', option, ''], ''])
})
