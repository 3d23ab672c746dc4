// When a body counts as ready.
import test from 'ava'
import { fixture, folder } from '../helpers/index.js'

test('a program that only an idle thread keeps alive becomes ready, each time', async (t) => {
  const { code, signal, stderr } = await folder(t).node([fixture('inside/ready-beside-a-thread.mjs')])
  t.deepEqual([code, signal, stderr], [0, null, ''])
})
