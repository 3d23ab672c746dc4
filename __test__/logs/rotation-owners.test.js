// Whose a log is that has been rotated, and its mode.
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import test from 'ava'
import { content, folder } from '../helpers/index.js'
import { found, mode, teller, tellUntil } from '../helpers/logs.js'
import { needs } from '../helpers/needs.js'

/** 0 for the present log. */
const number = (name) => Number(/\.(\d+)(?:\.gz)?$/.exec(name)?.[1] ?? 0)

/** Makes a folder `own` of the user's who is to rotate there. */
function giveFolder(place) {
  mkdirSync(place.file('own'))
  chownSync(place.file('own'), 65_534, 65_533)
  chmodSync(place.path, 0o755)
}

test.serial(
  'a new log has the mode of the option whatever the umask, an existing one keeps its own',
  async (t) => {
    const place = folder(t)
    const umask = process.umask(0o077)
    t.teardown(() => process.umask(umask))
    const [file, other] = [place.file('a.log'), place.file('b.log')]
    const daemon = teller(place, { log: { file, maxSize: 100, mode: 0o606 } })
    await daemon.start()
    t.is(await mode(file), 0o606)
    await tellUntil(daemon, () => content(`${file}.1`) !== undefined, 'a rotation')
    t.is(await mode(file), 0o606)
    await daemon.stop()

    place.write('b.log', '')
    const second = daemon.with({ log: { file: other, maxSize: 100 } })
    await second.start()
    t.is(await mode(other), 0o600)
    await tellUntil(second, () => content(`${other}.1`) !== undefined, 'a rotation')
    t.is(await mode(other), 0o600)
  },
)

needs('root')('a new log belongs to whom the one before belongs', async (t) => {
  const place = folder(t)
  const file = place.write('a.log', '')
  chownSync(file, 65_534, 65_533)
  const daemon = teller(place, { log: { file, maxSize: 100, compress: true } })
  await daemon.start()
  await tellUntil(daemon, () => content(`${file}.2.gz`) !== undefined, 'two rotations')
  for (const path of [file, `${file}.1`, `${file}.2.gz`])
    t.like(await found(path), { uid: 65_534, gid: 65_533 })
})

needs('root', 'processor of its own')(
  "a log belongs to the daemon's user from the beginning, who rotates and opens it again",
  async (t) => {
    const place = folder(t)
    const file = place.file('own/a.log')
    giveFolder(place)
    const daemon = teller(place, { log: { file, maxSize: 100, compress: true }, user: 65_534, group: 65_533 })
    await daemon.start()
    const owner = { uid: 65_534, gid: 65_533 }
    t.like(await found(file), { ...owner, mode: 0o100_640 })
    await tellUntil(daemon, () => content(`${file}.2.gz`) !== undefined, 'two rotations')
    for (const path of [file, `${file}.1`, `${file}.2.gz`])
      t.like(await found(path), { ...owner, mode: 0o100_640 })
    renameSync(file, `${file}.old`)
    await daemon.reload()
    t.like(await found(file), { ...owner, mode: 0o100_640 })
  },
)

needs('root', 'processor of its own')(
  "somebody else's log, of which nobody tells whether it is still written to, is not compressed",
  async (t) => {
    const place = folder(t)
    const file = place.file('own/a.log')
    giveFolder(place)
    chmodSync(place.write('own/a.log', "root's\n"), 0o666)
    const log = { file, maxSize: 100, keep: 999, compress: true }
    const daemon = teller(place, { log, user: 65_534, group: 65_533 })
    await daemon.start()
    const packed = () => readdirSync(place.file('own')).filter((name) => name.endsWith('.gz'))
    await tellUntil(daemon, () => packed().length > 2, 'three compressions')
    await daemon.stop()
    const [oldest] = readdirSync(place.file('own')).sort((a, b) => number(b) - number(a))
    t.true(place.read(`own/${oldest}`).startsWith("root's\n0.."), oldest)
  },
)
