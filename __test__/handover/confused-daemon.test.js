// Whatever runs in a daemon can find the channel of its start, and its stderr, and write to them without a bound.
import { statSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { fixture, folder, until } from '../helpers/index.js'

/** More than a launcher needs, in MB; far less than what it is sent. */
const MEMORY = 256

/** How the start of such a daemon goes, as a launcher of its own tells. Nothing of it is left. */
async function started(t, way, ...args) {
  const place = folder(t)
  const { stdout, stderr } = await place.node([
    fixture('handover/start-confused.js'),
    place.file('a.pid'),
    way,
    ...args,
  ])
  t.is(stderr, '')
  t.deepEqual(place.processes(), [])
  const outcome = JSON.parse(stdout)
  t.true(outcome.memory < MEMORY, `${outcome.memory} MB`)
  return outcome
}

for (const way of ['promise', 'promise of the unknown']) {
  test.serial(
    `${way}: a message of 4 GiB is not waited for, and the start fails with the reason`,
    async (t) => {
      const { code, step, message } = await started(t, way)
      t.is(code, 'ERR_DAEMON_START_FAILED')
      t.is(step, 'channel')
      t.regex(message, /a message of 4294967295 bytes.*a descriptor that it did not open/)
    },
  )
}

for (const way of ['statuses', 'errors', 'exits']) {
  test.serial(`${way} without an end fill no memory, and the start ends in time`, async (t) => {
    t.is((await started(t, `${way} without an end`, '5000')).code, 'ERR_DAEMON_READY_TIMEOUT')
  })
}

test.serial('ready is heard once', async (t) => {
  t.like(await started(t, 'ready without an end'), { ready: true })
})

test.serial('an error that is told is taken for what Node.js tells of errors, and no more', async (t) => {
  const { message, exitCode, cause, polluted } = await started(t, 'garbage in an error')
  t.is(polluted, undefined)
  t.deepEqual(cause, { name: 16_384, message: 1, stack: 8, port: 'p', keys: ['port'] })
  t.is(exitCode, undefined)
  t.true(message.length < 2_500)
})

for (const way of ['throws a long text', 'throws a long error']) {
  test.serial(`a body that ${way} is told in short`, async (t) => {
    const { code, message, cause } = await started(t, way)
    t.is(code, 'ERR_DAEMON_START_FAILED')
    t.true(message.length < 2_500)
    t.is(cause.message, 16_384)
  })
}

test.serial(
  'a long line on stderr is shown by its end in the log, and in short in the message',
  async (t) => {
    const { message, log, exitCode } = await started(t, 'writes a long line')
    t.is(exitCode, 3)
    t.regex(log, /^…é+$/)
    t.true(log.length > 4_000)
    t.regex(message, /the last line of its output: …é+…$/)
    t.true(message.length < 2_500)
  },
)

test.serial('what is written to a stderr without a log is kept in memory by its end alone', async (t) => {
  const place = folder(t)
  const options = {
    script: fixture('handover/confused.js'),
    scriptArgs: ['writes without an end'],
    readyTimeout: 5_000,
  }
  const daemon = new Daemon({ pidFile: place.file('a.pid'), stopTimeout: 100, ...options })
  const starting = t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_READY_TIMEOUT' })
  const [pid] = await until(() => place.processes().length > 0 && place.processes(), 'the daemon')
  const written = () => statSync(`/proc/${pid}/fd/2`, { throwIfNoEntry: false })
  let most = 0
  await until(() => {
    const { size, blocks } = written()
    most = Math.max(most, blocks * 512)
    return size > 1e9
  }, 'a gigabyte')
  t.true(most < 300e6, `${most} bytes`)
  const { log } = await starting
  // The end of one line, or a whole one after an end: it goes by where the last line was broken off.
  t.regex(log, /^…?[x\n]+$/)
})

test.serial(
  'so is what a child has for its stderr that was made before ready, as long as it lives',
  async (t) => {
    const place = folder(t)
    const child = place.write(
      'child.cjs',
      `const text = 'x'.repeat(99_999) + '\\n'
     setInterval(() => { for (let n = 0; n < 50; n++) require('node:fs').writeSync(2, text) }, 1)`,
    )
    const script = place.write(
      'parent.mjs',
      `import { spawn } from 'node:child_process'
     import { writeFileSync } from 'node:fs'
     const child = spawn(process.execPath, [${JSON.stringify(child)}], { stdio: ['ignore', 'ignore', 'inherit'] })
     writeFileSync(${JSON.stringify(place.file('child'))}, String(child.pid))`,
    )
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script })
    await daemon.start()
    const pid = Number(place.read('child'))
    let most = 0
    await until(() => {
      const { size, blocks } = statSync(`/proc/${pid}/fd/2`)
      most = Math.max(most, blocks * 512)
      return size > 1e9
    }, 'a gigabyte')
    t.true(most < 300e6, `${most} bytes`)
    await daemon.stop()
  },
)
