// examples/linter, as a user would run it: copied, with daimon beside it, in a project of its own.
import { once } from 'node:events'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { content, folder, kill, ROOT, until } from '../helpers/index.js'

const CLEAN = 'const a = 1\n'
const BAD = 'const a = 1\nvar b = 2 \n'
const FOUND = ['2: white space at the end', '2: var']

/** A project with the linter in it, and two files. */
function project(t) {
  const here = folder(t)
  cpSync(join(ROOT, 'examples/linter'), here.file('linter'), { recursive: true })
  mkdirSync(here.file('node_modules'))
  symlinkSync(ROOT, here.file('node_modules/daimon'))
  here.write('clean.js', CLEAN)
  here.write('bad.js', BAD)
  return here
}

const CACHE = 'node_modules/.cache/linter'

for (const [command, name] of [
  ['lint.js', 'engine'],
  ['lint-http.js', 'engine-http'],
]) {
  const lint = (here, ...files) => here.node([here.file(`linter/${command}`), ...files])
  const engine = (here) => new Daemon({ pidFile: here.file(`${CACHE}/${name}.pid`), socket: true })

  test.serial(`${command} starts its engine, asks it, and finds it again`, async (t) => {
    const here = project(t)
    t.like(await lint(here, 'clean.js'), { code: 0, stdout: '', stderr: '' })
    const { pid } = await engine(here).status()
    const { code, stdout, stderr } = await lint(here, 'clean.js', 'bad.js')
    t.deepEqual([code, stderr], [1, ''])
    t.deepEqual(
      stdout.trimEnd().split('\n'),
      FOUND.map((problem) => `${here.file('bad.js')}:${problem}`),
    )
    t.regex((await lint(here, 'no-such.js')).stderr, /ENOENT/)
    t.like(await engine(here).status(), { state: 'running', pid })
    t.like(await engine(here).stop(), { wasRunning: true, forced: false })
    t.is(content(here.file(`${CACHE}/${name}.log`)), '')
    t.deepEqual(here.processes(), [])
  })

  test.serial(`eight of ${command} at once have one engine`, async (t) => {
    const here = project(t)
    const all = await Promise.all(Array.from({ length: 8 }, () => lint(here, 'clean.js', 'bad.js')))
    for (const { code, stdout, stderr } of all) {
      t.deepEqual([code, stderr], [1, ''])
      t.is(stdout.trimEnd().split('\n').length, FOUND.length)
    }
    t.deepEqual(here.processes(), [(await engine(here).status()).pid])
    await engine(here).stop()
  })

  test.serial(`another version of ${command} gets an engine of its own version`, async (t) => {
    const here = project(t)
    await lint(here, 'clean.js')
    const { pid } = await engine(here).status()
    here.write('linter/package.json', here.read('linter/package.json').replace('1.0.0', '1.0.1'))
    t.like(await lint(here, 'clean.js'), { code: 0, stdout: '', stderr: '' })
    const socket = await engine(here).connect()
    t.is(socket.daemon.version, '1.0.1')
    t.not(socket.daemon.pid, pid)
    t.deepEqual(here.processes(), [socket.daemon.pid])
    socket.destroy()
    await engine(here).stop()
  })

  test.serial(`the engine of ${command} ends when nobody uses it`, async (t) => {
    const here = project(t)
    const env = { LINTER_IDLE: '50' }
    t.is((await here.node([here.file(`linter/${command}`), 'clean.js'], { env })).code, 0)
    await until(() => here.processes().length === 0, 'its end')
    for (const ending of ['pid', 'sock']) t.is(content(here.file(`${CACHE}/${name}.${ending}`)), undefined)
  })
}

test.serial('lint.js says so when its engine is killed', async (t) => {
  const here = project(t)
  // Its contents are awaited for ever.
  t.is((await here.command('mkfifo', ['pipe.js'])).code, 0)
  const command = here.spawn([here.file('linter/lint.js'), 'clean.js', 'bad.js', 'pipe.js'])
  await until(() => command.output().stdout.includes('2: var'), 'the answers about the others')
  const { pid } = await new Daemon({ pidFile: here.file(`${CACHE}/engine.pid`) }).status()
  kill(pid)
  t.like(await command.done, {
    code: 2,
    stderr: 'the engine of the linter: it ended before it had answered all\n',
  })
})

test.serial('the engine of lint.js survives what is no JSON', async (t) => {
  const here = project(t)
  await here.node([here.file('linter/lint.js'), 'clean.js'])
  const engine = new Daemon({ pidFile: here.file(`${CACHE}/engine.pid`), socket: true })
  const socket = await engine.connect()
  socket.on('error', () => {}).resume()
  socket.write('no JSON\n')
  await once(socket, 'close')
  const next = await engine.connect({ start: false })
  t.is(next.daemon.pid, socket.daemon.pid)
  next.destroy()
  await engine.stop()
})
