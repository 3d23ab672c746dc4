/** Options as a property wants them: values that are accepted, and values of any kind. */

import { inspect } from 'node:util'
import fc from 'fast-check'

const string = (options) => fc.string({ unit: 'binary', ...options })

/** Without what no path, argument or variable may have. */
const text = (options) => string(options).filter((value) => !value.includes('\0'))

/** Words that are not taken for files, and URLs. */
const NO_FILES = ['inherit', 'ignore', 'pipe', 'overlapped']

const path = text({ minLength: 1, maxLength: 20 }).filter(
  (value) => !/^file:/i.test(value) && !NO_FILES.includes(value),
)
const mode = fc.integer({ min: 0, max: 0o777 })
const account = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 2 }),
  text({ minLength: 1, maxLength: 8 }).filter((name) => !/[:\n]/.test(name) && !/^\d+$/.test(name)),
)
const time = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  fc.double({ min: 0, max: 2 ** 31 - 1, noNaN: true }).map((value) => value + 0),
  fc.constant(Number.POSITIVE_INFINITY),
)
const limit = fc.oneof(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.constant(Infinity))
const pair = fc.tuple(limit, limit).map((both) => both.sort((a, b) => (a === b ? 0 : a < b ? -1 : 1)))
const limits = ['as', 'cpu', 'nofile', 'nproc', 'stack'].map((name) => [name, fc.oneof(limit, pair)])
const action = fc.constantFrom('stop', 'reload', 'reopen', 'ignore', 'default')
const signal = fc.constantFrom('SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGWINCH')
const variable = text({ minLength: 1, maxLength: 8 }).filter(
  (name) => !name.includes('=') && !name.startsWith('DAIMON_'),
)
const log = fc.oneof(
  path,
  fc.record({ file: path, mode: mode.map((bits) => bits | 0o600) }, { requiredKeys: ['file'] }),
  fc.record(
    {
      file: path,
      maxSize: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      keep: fc.integer({ min: 1, max: 999 }),
      compress: fc.boolean(),
      mode: mode.map((bits) => bits | 0o600),
    },
    { requiredKeys: ['file', 'maxSize'] },
  ),
)

const port = fc.integer({ min: 1, max: 65_535 })
const host = fc.constantFrom('127.0.0.1', '0.0.0.0', '::1')
/** A path that a flag can tell from a port. */
const withSlash = fc.stringMatching(/^\/[a-z]{1,8}(?:\/[a-z]{1,8})?$/)
const listenName = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)

/** Each address under one name. */
function onceEach(listen) {
  const names = new Map(Object.entries(listen).map(([name, address]) => [JSON.stringify(address), name]))
  return Object.fromEntries([...names.values()].map((name) => [name, listen[name]]))
}

/** What only a program of any kind can have, as `ready`. */
export const READY_OF_PROGRAM = fc.oneof(
  fc.constantFrom('auto', 'running', 'notify'),
  fc.record({ port, host }, { requiredKeys: ['port'] }),
  fc.record({ path: withSlash }),
)

/** Accepted values of the options that a flag can give, too. */
export const ACCEPTED = {
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/),
  pidFile: path,
  pidFileMode: mode.map((bits) => (bits | 0o600) & ~0o022),
  log,
  stdin: fc.oneof(path, fc.constant('inherit')),
  stdout: fc.oneof(path, fc.constant('inherit')),
  stderr: fc.oneof(path, fc.constant('inherit')),
  cwd: path,
  umask: mode,
  env: fc.dictionary(variable, fc.oneof(text({ maxLength: 8 }), fc.constant(undefined)), { maxKeys: 3 }),
  cleanEnv: fc.boolean(),
  title: text({ minLength: 1, maxLength: 20 }),
  user: account,
  group: account,
  chroot: path,
  noNewPrivileges: fc.boolean(),
  coreDumps: fc.boolean(),
  limits: fc.record(Object.fromEntries(limits), { requiredKeys: [] }),
  nice: fc.integer({ min: -20, max: 19 }),
  oomScoreAdj: fc.integer({ min: -1_000, max: 1_000 }),
  keepFds: fc.array(fc.integer({ min: 3, max: 2 ** 31 - 1 }), { maxLength: 3 }),
  ready: fc.constantFrom('auto', 'manual', 'running'),
  readyTimeout: time,
  lockTimeout: time,
  detach: fc.constantFrom('auto', true, false),
  signals: fc.dictionary(signal, action, { maxKeys: 3 }),
  execPath: path,
  execArgv: fc.array(text({ maxLength: 8 }), { maxLength: 3 }),
  compileCache: fc.oneof(
    fc.boolean(),
    path.filter((value) => value !== 'true' && value !== 'false'),
  ),
  respawn: fc.constantFrom(true, false, 'failure', 'always', 'never'),
  listen: fc
    .dictionary(listenName, fc.oneof(port, fc.record({ port, host }), fc.record({ path: withSlash })), {
      minKeys: 1,
      maxKeys: 3,
    })
    .map(onceEach),
  instances: fc.integer({ min: 1, max: 1_024 }),
  drainTimeout: time,
  stopSignal: fc.oneof(signal, fc.integer({ min: 1, max: 31 })),
  stopTimeout: time,
  forceKill: fc.boolean(),
  stopGroup: fc.boolean(),
}

/** Accepted values of the options of a Daemon that no flag gives. */
const ACCEPTED_WITHOUT_FLAG = {
  run: fc.constant(() => {}),
  script: fc.oneof(path, fc.constant(new URL('file:///x.mjs'))),
  scriptArgs: fc.array(text({ maxLength: 8 }), { maxLength: 3 }),
  logger: fc.constant(console),
}

/** The options of a program of any kind, which there is on Linux alone. */
const OF_PROGRAM =
  process.platform === 'linux'
    ? {
        program: text({ minLength: 1, maxLength: 8 }).filter((value) => !/^file:/i.test(value)),
        programArgs: fc.array(text({ maxLength: 8 }), { maxLength: 3 }),
      }
    : {}

/** A half of them. */
const ofAnyProgram = fc.oneof(
  fc.constant({}),
  fc.record({ ...OF_PROGRAM, readyOfProgram: READY_OF_PROGRAM }, { requiredKeys: Object.keys(OF_PROGRAM) }),
)

/** Takes out what contradicts another option. */
function consistent(options) {
  const { log: file, stdout, stderr, chroot, compileCache, script, ...rest } = options
  const streams = file === undefined ? { stdout, stderr } : { log: file }
  const { execPath, execArgv, scriptArgs, ...others } = rest
  const ofScript = script === undefined ? {} : { script, execPath, execArgv, scriptArgs }
  const cache = chroot === undefined ? { compileCache } : { chroot }
  const all = { ...others, ...streams, ...ofScript, ...cache }
  const kept = ofKeeper(all.program === undefined ? all : ofProgram(all))
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
}

/** Without what a program of any kind cannot have. */
function ofProgram(options) {
  const { run, script, scriptArgs, execPath, execArgv, compileCache, ...rest } = options
  const { signals, title, keepFds, readyOfProgram, log: output, ...others } = rest
  const file = output?.file ?? output
  // In the program the first numbers are those of the sockets, at which somebody listens from the first moment on.
  const withSockets = options.listen === undefined ? { keepFds, ready: readyOfProgram } : {}
  // An address does not tell several apart.
  const alone = typeof readyOfProgram === 'object' ? { instances: undefined } : {}
  return { ...others, ready: undefined, ...withSockets, ...alone, log: file }
}

/** Without what needs a keeper, or contradicts that there is none. */
function ofKeeper({ readyOfProgram, ...options }) {
  const { respawn, listen, instances, drainTimeout, program, ...others } = options
  if (respawn === false && program === undefined) return { ...others, respawn }
  const all = { listen, instances, program, respawn: respawn === false ? undefined : respawn }
  const isKept = Object.values(all).some((value) => value !== undefined)
  return { ...others, ...all, drainTimeout: isKept ? drainTimeout : undefined }
}

/** Options that a Daemon takes. */
export const acceptedOptions = fc
  .tuple(fc.record({ ...ACCEPTED, ...ACCEPTED_WITHOUT_FLAG }, { requiredKeys: ['name'] }), ofAnyProgram)
  .map(([options, ofAny]) => consistent({ ...options, ...ofAny }))

/** Throw whatever one does with them. */
const HOSTILE = [new Error('no'), 'no', undefined, Symbol('no')].map((thrown) => {
  const trap = () => {
    throw thrown
  }
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor']
  return new Proxy({}, Object.fromEntries(traps.map((name) => [name, trap])))
})

const REVOKED = [{}, [], () => {}].map((target) => {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
})

const SPECIAL = [
  Number.NaN,
  -0,
  1e308,
  -1,
  0.5,
  2 ** 53,
  '',
  'true',
  'inherit',
  'SIGKILL',
  '__proto__',
  'file:',
  'file:///%00',
  'file://host/x',
  new URL('file:///x'),
  new URL('https://example.org/'),
  new String('x'),
  new Error('two\nlines'),
  Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key${index}`, index])),
  Symbol('two\nlines'),
  process.env,
  () => {},
  class {},
  new AbortController().signal,
  Object.assign(Object.create(null), { file: '/x' }),
]

/** A value in a box, since even a look at it may throw. */
function boxed(get) {
  const shown = () => inspect(get(), { showProxy: true, depth: 3 })
  return { get, [fc.toStringMethod]: shown }
}

const everyKind = { withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }

/** A value of any kind, in a box. */
export const anything = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .anything({ ...everyKind, withNullPrototype: true, withSparseArray: true, withBoxedValues: true })
      .map((value) => boxed(() => value)),
  },
  ...[SPECIAL, HOSTILE, REVOKED].map((values, index) => ({
    weight: 4 - index,
    arbitrary: fc.nat(values.length - 1).map((at) => boxed(() => values[at])),
  })),
)

/** An object of any values, in a box, with names that are known, or nearly. */
export function anyOptions(names) {
  const name = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: fc.constantFrom('pidfile', '__proto__', 'constructor', 'toString', 'log.keep') },
    { weight: 1, arbitrary: string() },
  )
  const entries = fc.array(fc.tuple(name, anything, fc.boolean()), { maxLength: 4 })
  // Most would be refused for other options else.
  const accepted = fc.oneof(fc.constant({}), fc.record(ACCEPTED, { requiredKeys: ['name'] }).map(consistent))
  return fc.tuple(accepted, entries).map(([some, more]) =>
    boxed(() => {
      const given = { ...some }
      for (const [key, { get }, isGetter] of more) {
        const how = isGetter ? { get } : { value: get(), writable: true }
        Object.defineProperty(given, key, { ...how, enumerable: true, configurable: true })
      }
      return given
    }),
  )
}
