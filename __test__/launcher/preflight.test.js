// What is found before a start: the same, whichever verb asks, and the daemon that runs lives on.
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { alive, content, DAIMON, fixture, folder, ROOT, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

/** A folder with a program in it that waits for orders, and its daemon. */
async function launcher(t, { options = {}, daimon = () => DAIMON, execPath, command = [], prepare } = {}) {
  const place = folder(t)
  const text = readFileSync(fixture('launcher/preflight.mjs'), 'utf8')
  const program = place.write('program.mjs', text.replace("'DAIMON'", JSON.stringify(daimon(place))))
  for (const name of ['logs', 'elsewhere', 'launched']) mkdirSync(place.file(name))
  place.write('input', '')
  prepare?.(place)
  place.write('script.mjs', text.replace("'DAIMON'", JSON.stringify(daimon(place))))
  const own = (value) =>
    typeof value === 'string' && value.startsWith('@') ? place.file(value.slice(1)) : value
  const absolute = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, own(value)]))
  const [file, ...before] = [...command, process.execPath]
  const { child, done } = place.spawnCommand(file, [...before, program], {
    cwd: place.file('launched'),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const heard = () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve)
      void done.then((how) => reject(new Error(JSON.stringify(how))))
    })
  t.is(await heard(), 'waits')
  const order = async (verb, { detach, ...more } = {}) => {
    const answer = heard()
    const given = { ...absolute, detach }
    child.send({ verb, options: given, execPath: execPath?.(place), ...more })
    return await answer
  }
  const control = new Daemon({ pidFile: place.file('a.pid') })
  /** By the daemon itself. */
  const fromInside = async ({ uncloneable } = {}) => {
    rmSync(place.file('answer.json'), { force: true })
    if (uncloneable) place.write('uncloneable', '')
    await control.signal('SIGUSR2')
    const answer = await until(() => content(place.file('answer.json')), 'the answer')
    if (uncloneable) unlinkSync(place.file('uncloneable'))
    return { error: JSON.parse(answer) }
  }
  return { ...place, control, order, fromInside }
}

const packageOf = (place) => new URL(`file://${place.file('daimon/dist/index.js')}`).href

const gone = (name) => ({
  spoil: (place) => place.rename(name, 'away'),
  mend: (place) => place.rename('away', name),
})

const invalid = (option) => ({ name: 'InvalidOptionError', code: 'ERR_DAEMON_INVALID_OPTION', option })
const refused = (reason) => ({ name: 'PidFileError', code: 'ERR_DAEMON_PIDFILE', reason })
const EXEC = { name: 'StartFailedError', code: 'ERR_DAEMON_START_FAILED', step: 'exec' }
/** A foreground executes nothing, so that it comes as far as the lock. */
const NOTHING_EXECUTED = {
  foreground: { code: 'ERR_DAEMON_ALREADY_RUNNING' },
  'restart() in the foreground': 'possible',
}

/** Verbs, and what is ordered for them beside the situation's own. */
const VERBS = {
  start: (place, more) => place.order('start', more),
  restart: (place, more) => place.order('restart', more),
  foreground: (place, more) => place.order('foreground', more),
  'restart() in the foreground': (place, more) => place.order('restart', { ...more, detach: false }),
  'context.restart()': (place, more) => place.fromInside(more),
}

/** What is wrong, what that is refused with, and where it is another thing on purpose. */
const SITUATIONS = {
  'an argument that cannot be cloned': { more: { uncloneable: true }, expected: invalid('args[0]') },
  'a folder that has gone': {
    options: { cwd: '@elsewhere' },
    ...gone('elsewhere'),
    expected: invalid('cwd'),
  },
  'a log whose folder has gone': {
    options: { log: '@logs/a.log' },
    ...gone('logs'),
    expected: invalid('log'),
  },
  'a log that is a link by now': {
    options: { log: '@logs/a.log' },
    spoil: ({ file }) => {
      unlinkSync(file('logs/a.log'))
      symlinkSync(file('input'), file('logs/a.log'))
    },
    mend: ({ file }) => unlinkSync(file('logs/a.log')),
    expected: invalid('log'),
  },
  'an input that has gone': { options: { stdin: '@input' }, ...gone('input'), expected: invalid('stdin') },
  'a script that has gone': {
    options: { script: '@script.mjs' },
    ...gone('script.mjs'),
    expected: invalid('script'),
  },
  'a pidfile with a second link': {
    spoil: ({ file }) => linkSync(file('a.pid'), file('link')),
    mend: ({ file }) => unlinkSync(file('link')),
    expected: refused('hard-linked'),
  },
  'a pidfile in a folder of everybody': {
    spoil: ({ path }) => chmodSync(path, 0o777),
    mend: ({ path }) => chmodSync(path, 0o755),
    expected: refused('unsafe-directory'),
  },
  'a pidfile that everybody may write': {
    spoil: ({ file }) => chmodSync(file('a.pid'), 0o622),
    mend: ({ file }) => chmodSync(file('a.pid'), 0o600),
    expected: refused('world-writable'),
  },
  'a Node.js that has gone': {
    before: ({ file }) => symlinkSync(process.execPath, file('node')),
    execPath: ({ file }) => file('node'),
    ...gone('node'),
    expected: EXEC,
    differs: NOTHING_EXECUTED,
  },
  'a program that has gone': { ...gone('program.mjs'), expected: EXEC, differs: NOTHING_EXECUTED },
  'a folder of the launch that has gone': {
    options: { cwd: '/' },
    more: { chdir: '/' },
    ...gone('launched'),
    expected: EXEC,
    differs: NOTHING_EXECUTED,
  },
  "a file of daimon's that has gone": {
    daimon: (place) => {
      for (const name of ['dist', 'native', 'package.json'])
        cpSync(join(ROOT, name), place.file(`daimon/${name}`), { recursive: true })
      return packageOf(place)
    },
    ...gone('daimon/dist/preload.cjs'),
    expected: EXEC,
    differs: NOTHING_EXECUTED,
  },
}

const fields = ({ name, code, option, reason, step, message }) => ({
  name,
  code,
  option,
  reason,
  step,
  message,
})

for (const [what, situation] of Object.entries(SITUATIONS)) {
  test.serial(`${what} is refused alike by each verb, before anything is stopped`, async (t) => {
    const { options, daimon = () => DAIMON, execPath, more, spoil, mend, expected, differs = {} } = situation
    const place = await launcher(t, { options, daimon, execPath })
    situation.before?.(place)
    const { pid, error: failed } = await place.order('start', { chdir: more?.chdir })
    t.is(failed, undefined)
    spoil?.(place)
    let told
    for (const [verb, ask] of Object.entries(VERBS)) {
      if (differs[verb] === 'possible') continue
      const { error } = await ask(place, more)
      t.like(error, differs[verb] ?? expected, verb)
      t.true(alive(pid), verb)
      told ??= fields(error)
      if (differs[verb] === undefined) t.deepEqual(fields(error), told, verb)
    }
    mend?.(place)
    t.like(await place.control.status(), { state: 'running', pid })
    const next = await place.order('restart')
    t.is(next.error, undefined)
    t.not(next.pid, pid)
    await place.control.stop()
  })
}

test.serial('what the daemon has removed at its stop is refused by the name of the option', async (t) => {
  const place = await launcher(t, { options: { cwd: '@elsewhere' } })
  await place.order('start')
  place.write('cleans', '')
  const { error } = await place.order('restart')
  t.like(error, invalid('cwd'))
  t.is(place.processes().length, 1, 'the launcher alone')
})

/** Users alone can be kept from making a pidfile: root may do everything. */
needs('root', 'setpriv')(
  'a pidfile that cannot be made again is found before the daemon is stopped',
  async (t) => {
    const command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    const prepare = ({ path }) => {
      chownSync(path, 65534, 65534)
      chmodSync(path, 0o755)
    }
    const place = await launcher(t, { command, prepare })
    const { pid } = await place.order('start')
    const pidFile = place.file('a.pid')
    // Its end could neither remove the file nor empty it for the next one.
    chownSync(place.path, 0, 0)
    chmodSync(pidFile, 0o400)
    const { error } = await place.order('restart')
    t.like(error, { code: 'ERR_DAEMON_PERMISSION_DENIED' })
    t.regex(error.message, /cannot be made anew: EACCES/)
    t.true(alive(pid))
    // Writing to it is enough, and so is the folder alone.
    chmodSync(pidFile, 0o600)
    const second = await place.order('restart')
    t.is(second.error, undefined)
    t.true(alive(second.pid))
    chmodSync(pidFile, 0o400)
    chownSync(place.path, 65534, 65534)
    const third = await place.order('restart')
    t.is(third.error, undefined)
    t.false(alive(second.pid))
    t.true(alive(third.pid))
  },
)
