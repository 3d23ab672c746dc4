// A daemon whose package has been removed, or that can reach it no longer: every public method goes on working.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { CASES, ENDINGS } from '../fixtures/inside/beforehand/cases.mjs'
import { install, installTwice } from '../helpers/copies.js'
import { declaredMethods, exportedValues } from '../helpers/declared.js'
import { alive, content, fixture, folder, KERNEL_TELLS, kill, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** The body, which the daemon itself calls. */
const NOT_CALLED = ['Daemon#run']

test('every method that the published types declare has a case here', (t) => {
  const methods = [
    ...declaredMethods('daemon.d.ts', 'Daemon'),
    ...declaredMethods('types/context.d.ts', 'DaemonContext'),
    ...declaredMethods('types/signals.d.ts', 'SignalMap'),
    ...exportedValues().filter((name) => name !== 'Daemon'),
  ]
  t.true(methods.length > 30, methods.join(' '))
  const cases = new Set([...Object.keys(CASES), ...Object.keys(ENDINGS), ...NOT_CALLED])
  t.deepEqual([...cases].toSorted(), methods.toSorted())
})

/** A folder that has the package installed, and the program. */
function installed(t) {
  const place = install(t)
  for (const name of ['cases.mjs', 'daemon.mjs'])
    cpSync(fixture(`inside/beforehand/${name}`), place.file(name))
  return place
}

const FORMS = {
  daemonize: { made: 'a daemon made by daemonize()', isSelf: false },
  run: { made: 'a daemon made by run()', isSelf: false },
  foreground: { made: 'a process that foreground() has made the daemon', isSelf: true },
  'in place': { made: 'a process that daemonize() has made the daemon', isSelf: true },
}

const SITUATIONS = {
  gone: {
    title: 'whose package has been removed',
    needs: [],
    options: () => ({}),
    begin: (place) => place.rename('node_modules', 'elsewhere'),
  },
  jail: {
    title: 'with an empty root folder and a user without rights',
    needs: ['root', 'processor of its own'],
    options(place) {
      mkdirSync(place.file('jail'))
      return { chroot: place.file('jail'), cwd: '/', user: 'nobody' }
    },
    begin: () => {},
  },
}

/** Begins the daemon in its situation; nothing of daimon has been called there yet, but what has made it. */
async function begun(t, form, situation, ending = '') {
  const { options, begin } = SITUATIONS[situation]
  const place = installed(t)
  const files = { pidFile: place.file('a.pid'), log: place.file('a.log') }
  const script = place.write('idle.mjs', 'setInterval(() => {}, 1e6)')
  const others = { otherPidFile: place.file('b.pid'), script }
  if (ending === '') await new Daemon({ pidFile: others.otherPidFile, script }).start()
  const args = ['daemon.mjs', form, ending, JSON.stringify({ ...files, ...others, ...options(place) })]
  const started = place.spawn(args)
  const log = () => content(files.log) ?? ''
  const said = () => `${log()}${JSON.stringify(started.output())}`
  await until(() => log().includes('"begun"') || started.child.exitCode, 'the body has begun')
  const pid = Number(content(files.pidFile))
  t.true(pid > 0, said())
  // A launcher is done with it.
  if (!FORMS[form].isSelf) t.is((await started.done).code, 0, said())
  begin(place)
  const lines = () =>
    log()
      .split('\n')
      .filter((line) => line.startsWith('{"method"'))
      .map((line) => JSON.parse(line))
  return { pid, log, lines, started, daemon: new Daemon(files) }
}

for (const [form, { made, isSelf }] of Object.entries(FORMS)) {
  for (const [situation, { title, needs: wants }] of Object.entries(SITUATIONS)) {
    needs(...wants)(`${made}, ${title}, answers every call as it should and lives on`, async (t) => {
      const { pid, log, lines } = await begun(t, form, situation)
      kill(pid, 'SIGUSR2')
      await until(() => lines().at(-1).method === 'done' || !alive(pid), 'all calls')
      const answers = lines().slice(1, -1)
      const wanted = Object.entries(CASES).flatMap(([method, cases]) =>
        cases.map((one, at) => ({ method, at, ...one[situation] })),
      )
      t.deepEqual(
        answers.map(({ method, at }) => `${method} ${at}`),
        wanted.map(({ method, at }) => `${method} ${at}`),
        log(),
      )
      for (const [index, { says, ...want }] of wanted.entries()) {
        const answer = answers[index]
        t.like(answer, want, JSON.stringify(answer))
        if (want.code !== undefined) t.true(answer.isTyped, JSON.stringify(answer))
        if (says !== undefined) t.regex(answer.message, says)
      }
      t.true(alive(pid))
      t.notRegex(log(), /Unsupported|native part|ENOENT.*cli\.js/)
    })

    for (const [method, { code }] of Object.entries(ENDINGS)) {
      needs(...wants)(`${made}, ${title}, is ended by ${method} as it should`, async (t) => {
        const { pid, log, started, daemon } = await begun(t, form, situation, method)
        const ended = isSelf ? started.done : daemon.exited()
        kill(pid, 'SIGUSR2')
        const end = await ended
        if (isSelf || KERNEL_TELLS) t.is(end.code, code, log())
        t.like(await daemon.status(), { state: 'stopped' })
      })
    }
  }
}

/** Starts the program, a daemon by the pidfile a.pid, and gives what it says when SIGUSR2 has come. */
async function answer(t, place, program, meanwhile) {
  place.write('main.mjs', program)
  const { code, stderr } = await place.node(['main.mjs'])
  t.is(code, 0, stderr)
  meanwhile()
  kill(Number(place.read('a.pid')), 'SIGUSR2')
  const lines = () => place.read('a.log').split('\n')
  return await until(() => lines().find((line) => line.startsWith('answer: ')), 'the answer')
}

const DAEMONIZE = "await daemonize({ pidFile: 'a.pid', log: 'a.log' }); setInterval(() => {}, 1e6)"

test('a worker that has imported the package goes on, too', async (t) => {
  const place = install(t)
  cpSync(fixture('inside/beforehand/worker.mjs'), place.file('worker.mjs'))
  const program = readFileSync(fixture('inside/beforehand/asks-worker.mjs'), 'utf8')
  const said = await answer(t, place, program, () => place.rename('node_modules', 'elsewhere'))
  t.is(said, 'answer: running')
})

/** Another copy of the package that this program imports, of what has adopted it or not. */
const copies = (before) => `
  import { daemonize } from 'daimon'
  ${before}
  const { Daemon } = await import('copy')
  process.on('SIGUSR2', async () => {
    console.log('answer:', await new Daemon({ pidFile: 'a.pid' }).status().then(({ state }) => state, String))
  })
  ${DAEMONIZE}`

test('two copies of the package share what one of them has loaded', async (t) => {
  const place = installTwice(t)
  rmSync(place.file('node_modules/copy/native'), { recursive: true })
  const said = await answer(t, place, copies(''), () => place.rename('node_modules', 'elsewhere'))
  t.is(said, 'answer: running')
})

test('a copy of another version loads what is its own, and with its import', async (t) => {
  const place = installTwice(t)
  const other = `const state = globalThis[Symbol.for('daimon.adopted')]
    if (state) Object.defineProperty(state, 'binding', { value: { version: () => '9.9.9' } })`
  const said = await answer(t, place, copies(other), () => place.rename('node_modules', 'elsewhere'))
  t.is(said, 'answer: running')
})

needs('root', 'processor of its own')('a daemon that may not read the package says so', async (t) => {
  const place = install(t)
  chmodSync(place.file('node_modules'), 0o700)
  // By no Node.js, which that user may not reach either.
  const script = place.write('idle.mjs', '')
  const program = `import { Daemon } from 'daimon'
    const run = () => process.on('SIGUSR2', async () => {
      const other = new Daemon({ pidFile: '${place.file('b.pid')}', script: '${script}', execPath: '/bin/sh' })
      console.log('answer:', (await other.start().catch((error) => error)).message)
    }) && setInterval(() => {}, 1e6)
    await new Daemon({ pidFile: 'a.pid', log: 'a.log', user: 'nobody', run }).start()`
  t.regex(await answer(t, place, program, () => {}), /preload\.cjs'.* cannot be read any more: EACCES/)
})

test('a launcher whose package has been removed is told which file is missing, and what to do', async (t) => {
  const place = install(t)
  place.write(
    'main.mjs',
    `import { renameSync } from 'node:fs'
    import { Daemon, DaemonError } from 'daimon'
    const daemon = new Daemon({ pidFile: 'a.pid', script: 'idle.mjs' })
    await daemon.status()
    renameSync('node_modules', 'elsewhere')
    for (const call of [() => daemon.start(), () => daemon.cli(['status'])]) {
      const error = await call().catch((error) => error)
      console.log(error instanceof DaemonError, error.code, error.message)
    }`,
  )
  place.write('idle.mjs', '')
  const [start, cli] = (await place.node(['main.mjs'])).stdout.trimEnd().split('\n')
  t.regex(start, /^true ERR_DAEMON_START_FAILED .*preload\.cjs'.* ENOENT.*\. Put daimon back there/)
  t.regex(cli, /^true ERR_DAEMON_UNSUPPORTED The command line .*cli\.js.*Install daimon again/)
})

/** What may be beside a bundle, and is not taken for its part. */
const FOREIGN = {
  "somebody else's file": '// The command line of something else',
  'that of another version': '// daimon 9.9.9: cli.js',
}

for (const [what, line] of Object.entries(FOREIGN)) {
  const title = `one file that has become a daemon has its command line in it, and does not execute ${what}`
  needs('esbuild')(title, async (t) => {
    const place = folder(t)
    const program = `import { Daemon, daemonize } from ${JSON.stringify(join(ROOT, 'dist/index.js'))}
    const { pidFile } = await daemonize({ pidFile: 'a.pid', log: 'a.log' })
    setInterval(() => {}, 1e6)
    process.on('SIGUSR2', async () => console.log('answer:', await new Daemon({ pidFile }).cli(['status'])))`
    const flags = ['--bundle', '--platform=node', '--format=esm', `--outfile=${place.file('one/main.mjs')}`]
    const bundler = join(ROOT, 'node_modules/.bin/esbuild')
    t.is(spawnSync(bundler, [place.write('source.mjs', program), ...flags]).status, 0)
    for (const name of ['cli', 'serving', 'verbs'])
      place.write(`one/${name}.js`, `${line.replace('cli.js', `${name}.js`)}\nthrow new Error('executed')`)
    for (const name of readdirSync(join(ROOT, 'native')).filter((name) => name.endsWith('.node')))
      cpSync(join(ROOT, 'native', name), place.file(`one/${name}`))
    const started = "import './one/main.mjs'"
    t.is(await answer(t, place, started, () => place.rename('one', 'elsewhere')), 'answer: 0')
  })
}
