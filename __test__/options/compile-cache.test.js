// The cache of compiled code: where it is, what is refused, and that nobody else can fill it.
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { defaultCompileCache } from '../../build/options/places.js'
import { Daemon } from '../../dist/index.js'
import { fixture, folder } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { nobody, OPTION, open, root } from '../helpers/privileges.js'

const SCRIPT = fixture('options/cached.cjs')

/** Starts the script, and gives the folder of the cache that it has. */
async function seen(place, options) {
  const scriptArgs = [place.file('seen')]
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script: SCRIPT, scriptArgs, ...options })
  await daemon.start()
  return { daemon, ...JSON.parse(place.read('seen')) }
}

const files = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())

needs('compile cache')(
  'a folder is made for the user alone, and filled by the end of the daemon',
  async (t) => {
    const place = folder(t)
    const { daemon, cache } = await seen(place, { compileCache: place.file('deep/cache') })
    t.is(dirname(cache), place.file('deep/cache'))
    t.is(statSync(place.file('deep/cache')).mode & 0o777, 0o700)
    await daemon.stop()
    t.true(files(place.file('deep/cache')).length >= 2)
  },
)

needs('compile cache')('without the option there is none; with false neither', async (t) => {
  const place = folder(t)
  const without = await seen(place, {})
  t.is(without.cache, null)
  await without.daemon.stop()
  t.is((await seen(place, { compileCache: false })).cache, null)
})

needs('compile cache')(
  'the rest of a program after daemonize(), and a foreground, have it, too',
  async (t) => {
    const place = folder(t)
    for (const [name, options] of [
      ['inline', ''],
      ['foreground', ', detach: false'],
    ]) {
      const program = place.write(
        `${name}.mjs`,
        `import { writeFileSync } from 'node:fs'
      import { getCompileCacheDir } from 'node:module'
      import { daemonize } from "DAIMON"
      await daemonize({ pidFile: '${name}.pid', compileCache: 'cache'${options} })
      writeFileSync('${name}.seen', getCompileCacheDir() ?? 'none')
      setInterval(() => {}, 1e6)
      process.send?.('begun')`,
      )
      if (name === 'inline') t.is((await place.node([program])).code, 0)
      else {
        const { child } = place.spawn([program], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
        await new Promise((resolve) => child.once('message', resolve))
      }
      t.is(dirname(place.read(`${name}.seen`)), place.file('cache'))
      await new Daemon({ pidFile: place.file(`${name}.pid`) }).stop()
    }
  },
)

test.serial('where Node.js has no such cache the option changes nothing', async (t) => {
  const place = folder(t)
  const preload = place.write('none.cjs', "require('node:module').enableCompileCache = undefined")
  const env = { NODE_OPTIONS: `--require ${preload}` }
  const { daemon, cache } = await seen(place, { compileCache: place.file('cache'), env })
  t.is(cache, null)
  await daemon.stop()
  t.false(existsSync(place.file('cache')))
})

for (const [title, make, why] of [
  ['everybody can write to', (path) => chmodSync(path, 0o777), /everybody can write to .*cache/],
  ['everybody can write to, with the sticky bit', (path) => chmodSync(path, 0o1777), /everybody can write/],
]) {
  test.serial(`a folder that ${title} is refused, and nothing has happened`, async (t) => {
    const place = folder(t)
    mkdirSync(place.file('cache'))
    make(place.file('cache'))
    symlinkSync(place.file('cache'), place.file('link'))
    for (const path of ['cache', 'link', 'cache/deeper', 'link/deeper'].map(place.file)) {
      const daemon = new Daemon({ pidFile: place.file('a.pid'), script: SCRIPT, compileCache: path })
      // Below it a folder would be made that nobody else could change, but anybody could replace.
      const isRefused = !(path.endsWith('deeper') && title.includes('sticky'))
      if (!isRefused) continue
      const error = await t.throwsAsync(daemon.start(), { ...OPTION, message: why })
      t.like(error, { option: 'compileCache', value: path })
    }
    t.false(existsSync(place.file('a.pid')))
  })
}

root(
  'a folder of another user is refused, and one below it; with that user it is the right one',
  async (t) => {
    const place = open(t)
    const { uid, gid } = nobody()
    mkdirSync(place.file('theirs'))
    chownSync(place.file('theirs'), Number(uid), Number(gid))
    for (const path of ['theirs', 'theirs/deeper'].map(place.file)) {
      const daemon = new Daemon({ pidFile: place.file('a.pid'), script: SCRIPT, compileCache: path })
      await t.throwsAsync(daemon.start(), { ...OPTION, message: /theirs belongs to user \d+/ })
    }
    const { daemon, cache } = await seen(place, { compileCache: place.file('theirs'), user: 'nobody' })
    t.true(cache === null || dirname(cache) === place.file('theirs'))
    await daemon.stop()
  },
)

needs('root', 'compile cache')('the daemon itself looks again, with the rights of its user', async (t) => {
  const place = open(t)
  const { uid, gid } = nobody()
  mkdirSync(place.file('theirs'))
  chownSync(place.file('theirs'), Number(uid), Number(gid))
  // After the launcher's look, before the daemon's.
  const preload = place.write(
    'between.cjs',
    `require('node:fs').chmodSync(${JSON.stringify(place.file('theirs'))}, 0o777)`,
  )
  const env = { NODE_OPTIONS: `--require ${preload}` }
  const { cache } = await seen(place, { compileCache: place.file('theirs'), user: 'nobody', env })
  t.is(cache, null)
})

test.serial('a file is refused; so are values that are none', async (t) => {
  const place = folder(t)
  place.write('file', '')
  for (const path of ['file', 'file/below'].map(place.file)) {
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script: SCRIPT, compileCache: path })
    t.like(await t.throwsAsync(daemon.start(), OPTION), { option: 'compileCache', value: path })
  }
  for (const compileCache of ['', 1, null, {}, 'a\0b']) {
    const error = t.throws(() => new Daemon({ name: 'a', compileCache }), OPTION)
    t.is(error.option, 'compileCache')
  }
  const error = t.throws(() => new Daemon({ name: 'a', run() {}, compileCache: true, chroot: '/' }), OPTION)
  t.regex(error.message, /'compileCache' \(true\) contradicts 'chroot' \('\/'\)/)
})

test.serial('the default folder is below the home of the user that the daemon becomes', (t) => {
  const before = process.env.DAIMON_HOME
  t.teardown(() => {
    if (before === undefined) delete process.env.DAIMON_HOME
    else process.env.DAIMON_HOME = before
  })
  process.env.DAIMON_HOME = '/srv/daimon'
  t.is(defaultCompileCache(undefined), '/srv/daimon/compile-cache')
  t.is(defaultCompileCache({ home: '/home/her' }), '/home/her/.cache/daimon/compile-cache')
  delete process.env.DAIMON_HOME
  const found = defaultCompileCache(undefined)
  t.regex(
    found,
    process.geteuid() === 0 ? /^\/var\/cache\/daimon\/compile-cache$/ : /\.cache\/daimon\/compile-cache$/,
  )
})
