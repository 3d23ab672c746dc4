// Paths that a program for Unix would not meet, and the default folder.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, toNamespacedPath } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { content, EMULATED, folder, until } from '../helpers/index.js'

const SAYS = 'console.log(process.argv[2]); setInterval(() => {}, 1e6)'

/** A daemon whose files are all in that folder, which is made. */
async function livesIn(t, path) {
  // Not `recursive`: Node.js tries without end where the system has no such letters.
  mkdirSync(path)
  const file = (name) => join(path, name)
  writeFileSync(file('says so.mjs'), SAYS)
  const options = { pidFile: file('a b.pid'), log: file('a b.log'), script: file('says so.mjs'), cwd: path }
  const daemon = new Daemon({ ...options, scriptArgs: ['with "quotes" and \\'] })
  t.teardown(() => daemon.stop({ stopTimeout: 100 }).catch(() => {}))
  const { pid } = await daemon.start()
  t.is(readFileSync(file('a b.pid'), 'utf8'), `${pid}\n`)
  await until(() => content(file('a b.log')) === 'with "quotes" and \\\n', 'what it says')
  t.like(await new Daemon({ pidFile: file('a b.pid') }).status(), { state: 'running', pid })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
  t.is(content(file('a b.pid')), undefined)
}

for (const [what, name] of [
  ['spaces', 'two  words'],
  ['letters that are not ASCII', 'grüße 日本 ёж'],
  ['characters that a shell or a URL would take for its own', "a%20b&c^d#e'f(g)$h"],
]) {
  test.serial(`a folder with ${what}`, async (t) => {
    await livesIn(t, folder(t).file(name))
  })
}

test.serial('paths with forward slashes, and with another case of the drive', async (t) => {
  const place = folder(t)
  const script = place.write('a.mjs', SAYS)
  const path = place.file('a.pid')
  const slashes = path.replaceAll('\\', '/')
  const { pid } = await new Daemon({ pidFile: slashes, script: script.replaceAll('\\', '/') }).start()
  const spellings = [path, slashes, path[0].toLowerCase() + path.slice(1), path.toUpperCase()]
  for (const pidFile of spellings) t.like(await new Daemon({ pidFile }).status(), { state: 'running', pid })
  await new Daemon({ pidFile: path }).stop()
})

test.serial('a folder whose path has more than 260 characters', async (t) => {
  const place = folder(t)
  const path = join(place.path, ...Array.from({ length: 5 }, (_, level) => `${level}`.padEnd(60, 'x')))
  t.true(path.length > 300)
  const script = place.write('a.mjs', 'setInterval(() => {}, 1e6)')
  mkdirSync(toNamespacedPath(path), { recursive: true })
  // Neither the working folder nor the main script of a process may be there: CreateProcess and Node.js refuse it.
  const daemon = new Daemon({
    pidFile: join(path, 'a.pid'),
    log: join(path, 'a.log'),
    script,
    cwd: place.path,
  })
  const { pid } = await daemon.start()
  t.is(readFileSync(join(path, 'a.pid'), 'utf8'), `${pid}\n`)
  t.like(await daemon.status(), { state: 'running', pid })
  t.like(await daemon.stop(), { wasRunning: true, forced: false })
})

test.serial(
  'a named daemon is in the folder of DAIMON_HOME, else in that of the machine or the user',
  async (t) => {
    const place = folder(t)
    const text = `import { Daemon } from "DAIMON"
     const daemon = new Daemon({ name: 'test-of-places', script: ${JSON.stringify(place.write('a.mjs', SAYS))} })
     console.log(daemon.pidFile)
     await daemon.start()
     await daemon.stop()`
    const program = place.write('name.mjs', text)
    const given = await place.node([program], { env: { DAIMON_HOME: place.file('home') } })
    t.is(given.stdout, `${place.file('home')}\\test-of-places.pid\n`)
    // No variable tells it. wine's user is an administrator.
    const elsewhere = { LOCALAPPDATA: 'C:\\elsewhere', ProgramData: 'C:\\elsewhere' }
    const own = await place.node([program], { env: { DAIMON_HOME: undefined, ...elsewhere } })
    t.like(own, { code: 0, stderr: '' })
    const where = EMULATED ? /^C:\\ProgramData\\daimon\\test/ : /^[A-Z]:\\(?!elsewhere).*\\daimon\\test/
    t.regex(own.stdout, where)
  },
)
