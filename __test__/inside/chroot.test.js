// A daemon with a root folder of its own.
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder } from '../helpers/index.js'
import { nobody, OPTION, open, RIGHTS, root } from '../helpers/privileges.js'

root(
  'chroot: its folder is the root, cwd is inside, no folder outside stays open; and it stops',
  async (t) => {
    const place = open(t)
    mkdirSync(place.file('jail/inside'), { recursive: true })
    chownSync(place.file('jail/inside'), Number(nobody().uid), Number(nobody().gid))
    const daemon = new Daemon({
      pidFile: place.file('a.pid'),
      script: fixture('inside/jailed.mjs'),
      env: { OUTSIDE: place.write('outside', '') },
      run() {},
      chroot: place.file('jail'),
      cwd: '/inside',
      user: 'nobody',
    })
    const { pid } = await daemon.start()
    t.deepEqual(JSON.parse(place.read('jail/inside/seen')), {
      cwd: '/inside',
      root: ['inside'],
      outside: false,
      uid: Number(nobody().uid),
    })
    const links = spawnSync('sh', ['-c', `readlink /proc/${pid}/root; ls -l /proc/${pid}/fd`], {
      encoding: 'utf8',
    }).stdout
    t.is(links.split('\n')[0], place.file('jail'))
    for (const target of links.matchAll(/\d+ -> (\/\S*)/g))
      t.false(existsSync(target[1]) && statSync(target[1]).isDirectory())
    // The null device is not in there: stderr had to be led to it all the same.
    t.regex(links, /2 -> \/dev\/null/)
    t.like(await daemon.stop(), { wasRunning: true, forced: false })
    t.false(existsSync(place.file('a.pid')))
  },
)

root('a chroot without cwd begins in its root; a cwd that is not inside is refused', async (t) => {
  const place = open(t)
  mkdirSync(place.file('jail'))
  chmodSync(place.file('jail'), 0o777)
  const script = place.write(
    'a.mjs',
    `import { writeFileSync } from 'node:fs'
     import { Daemon } from "DAIMON"
     new Daemon({ pidFile: Daemon.current?.pidFile ?? 'x.pid', run() {
       writeFileSync('here', process.cwd())
       setInterval(() => {}, 1e6)
     } }).status()`,
  )
  const options = { pidFile: place.file('a.pid'), script, run() {}, chroot: place.file('jail') }
  await new Daemon(options).start()
  t.is(place.read('jail/here'), '/')
  const wrong = new Daemon({ ...options, pidFile: place.file('b.pid'), cwd: '/usr' })
  t.like(await t.throwsAsync(wrong.start(), OPTION), { option: 'cwd', value: '/usr' })
})

test.serial('a chroot is not for plain scripts', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: RIGHTS, chroot: place.path })
  t.like(await t.throwsAsync(daemon.start(), OPTION), { option: 'chroot', value: place.path })
})
