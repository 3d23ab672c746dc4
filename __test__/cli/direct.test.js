// Writes without a stream.
import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import test from 'ava'
import { isFileOrPipe, writeNow } from '../../build/cli/direct.js'
import { folder } from '../helpers/index.js'

/** Both ends of a FIFO that does not wait. */
function pipe(t) {
  const path = folder(t).file('pipe')
  spawnSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  t.teardown(() => {
    for (const fd of [reader, writer]) closeSync(fd)
  })
  return { reader, writer }
}

test('what a full pipe does not take is given back, and nothing is lost', (t) => {
  const { reader, writer } = pipe(t)
  const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, number) => `line ${number}\n`).join(''))
  const rest = writeNow(writer, bytes)
  t.true(rest.length > 0 && rest.length < bytes.length)
  const taken = Buffer.alloc(bytes.length)
  const length = readSync(reader, taken, 0, taken.length, null)
  t.deepEqual(Buffer.concat([taken.subarray(0, length), rest]), bytes)
})

test('a file takes all', (t) => {
  const place = folder(t)
  const fd = openSync(place.file('a'), 'w')
  t.true(isFileOrPipe(fd))
  t.is(writeNow(fd, Buffer.from('all of it\n')).length, 0)
  closeSync(fd)
  t.is(readFileSync(place.file('a'), 'utf8'), 'all of it\n')
  t.false(isFileOrPipe(fd))
})

test('an error of the system is thrown', (t) => {
  const fd = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(fd))
  t.false(isFileOrPipe(fd))
  t.throws(() => writeNow(fd, Buffer.from('x')), { code: 'ENOSPC' })
})
