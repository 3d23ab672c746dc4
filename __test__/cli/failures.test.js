// What the command tells of a program that fails, whatever it throws.
import test from 'ava'
import { at, daimon, idle, logged, PLAIN } from '../helpers/cli.js'
import { folder } from '../helpers/index.js'

test.serial(
  'what is thrown that is no Error is told without a stack; a syntax error with its place',
  async (t) => {
    const place = folder(t)
    const thrown = place.write('thrown.mjs', "throw 'no luck'")
    const { stderr } = await daimon(place, 'start', ...logged(place), '-vn', 'x', thrown)
    t.regex(stderr, /: Error: no luck\n {2}cause: Error: no luck\n {2}end of the log:/)
    const wrong = place.write('wrong.mjs', '\nfunction (')
    const other = await daimon(place, 'start', ...logged(place, 'b'), wrong)
    t.regex(other.stderr, /: SyntaxError: [^\n]+ \(file:\/\/\/\S+\/wrong\.mjs:2\)\. --verbose/)
  },
)

test.serial(
  'a start that fails is 1 and one line; --verbose adds the log, and the cause where that has none',
  async (t) => {
    const place = folder(t)
    const script = place.write('bad.mjs', "console.log('before'); throw new Error('no\\nluck')")
    const { code, stdout, stderr } = await daimon(place, 'start', ...logged(place), script)
    t.like({ code, stdout }, { code: 1, stdout: '' })
    t.regex(
      stderr,
      /^daimon: The daemon of \S+ exited with code 1 before it was ready: Error: no luck\. --verbose shows more\.\n$/,
    )
    const verbose = await daimon(place, 'start', ...logged(place, 'b'), '-v', script)
    t.is(verbose.stderr.match(/^ {2}before$/gm).length, 1)
    t.is(verbose.stderr.match(/^ {2}Error: no\n {2}luck\n {6}at /gm).length, 1)
    t.notRegex(verbose.stderr, /cause:/)
    t.notRegex(verbose.stderr, /shows more/)
    const json = await daimon(place, 'start', ...logged(place), '--json', script)
    t.like(json, { code: 1, stderr: '' })
    t.like(JSON.parse(json.stdout).error, {
      code: 'ERR_DAEMON_START_FAILED',
      exitCode: 1,
      cause: { message: 'no\nluck' },
    })
    t.deepEqual(place.processes(), [])
  },
)

test.serial('a restart that fails says that the daemon before it has been stopped', async (t) => {
  const place = folder(t)
  const NONE_LEFT = 'The daemon before it has been stopped, so none runs now\\.'
  const starts = async () => t.is((await daimon(place, 'start', ...logged(place), idle(place))).code, 0)
  const bad = place.write('bad.mjs', "throw new Error('no luck')")
  await starts()
  const { code, stderr } = await daimon(place, 'restart', ...logged(place), bad)
  t.is(code, 1)
  t.regex(stderr, new RegExp(`: Error: no luck\\. ${NONE_LEFT} --verbose shows more\\.\\n$`))
  await starts()
  const late = await daimon(
    place,
    'restart',
    ...logged(place),
    '--ready=manual',
    '--ready-timeout=300',
    idle(place),
  )
  t.is(late.code, 1)
  t.regex(late.stderr, new RegExp(`With --ready manual it must call \\S+\\. ${NONE_LEFT}`))
  t.deepEqual(place.processes(), [])
})

test.serial('an error that JSON has no way to write is told in JSON all the same', async (t) => {
  const place = folder(t)
  const text = "throw Object.assign(new Error('odd', { cause: 1n }), { big: 1n, size: 2, self: globalThis })"
  const { code, stdout, stderr } = await daimon(
    place,
    'run',
    ...at(place),
    '--json',
    place.write('a.mjs', text),
  )
  t.deepEqual([code, stderr], [1, ''])
  const error = { size: 2, name: 'Error', message: 'odd', cause: { message: '1' } }
  t.deepEqual(JSON.parse(stdout), { error })
  const knot = "const e = new Error('knot'); e.cause = e; throw e"
  const tied = await daimon(place, 'run', ...at(place), '--json', place.write('b.mjs', knot))
  t.deepEqual(JSON.parse(tied.stdout), { error: { name: 'Error', message: 'knot' } })
})

test.serial('what of an error cannot be read is left out, and the rest is told', async (t) => {
  const place = folder(t)
  const run = (text, ...flags) => daimon(place, 'run', ...at(place), ...flags, place.write('a.mjs', text))
  const odd = `const error = Object.assign(new RangeError('kept', { cause: Object.create(null) }), { size: 2 })
    for (const key of ['stack', 'other'])
      Object.defineProperty(error, key, { get() { throw 1 }, enumerable: true })
    throw error`
  const { error } = JSON.parse((await run(odd, '--json')).stdout)
  t.like(error, { name: 'RangeError', message: 'kept', size: 2 })
  t.regex(error.cause.message, /null prototype/)
  t.false('other' in error)
  t.like(await run(odd), { code: 1, stdout: '', stderr: 'daimon: RangeError: kept. --verbose shows more.\n' })
})

test.serial('a thrown value that is nothing of a kind is told as far as it can be', async (t) => {
  const place = folder(t)
  const program = place.write(
    'a.mjs',
    `import { Daemon } from "DAIMON"
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const run = async () => { throw proxy }
    await new Daemon({ pidFile: 'a.pid', run }).cli(process.argv.slice(2))`,
  )
  const told = await place.node([program, 'run'], { env: PLAIN })
  t.is(told.code, 1)
  t.regex(told.stderr, /^a\.mjs: something was thrown that cannot be shown as text: <Revoked Proxy>\n$/)
  const { code, stdout } = await place.node([program, 'run', '--json'], { env: PLAIN })
  t.is(code, 1)
  t.deepEqual(Object.keys(JSON.parse(stdout).error), ['message'])
})
