// Launcher and daemon of two versions: the package has been replaced in between, or one of them is in a bundle.
import { existsSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { install, setNumber } from '../helpers/copies.js'
import { alive, until } from '../helpers/index.js'

for (const [title, file] of [
  ['a daemon of a newer version', 'preload.cjs'],
  ['a daemon of an older version', 'index.js'],
]) {
  test(`${title} than its launcher's refuses what it was told, and says what to do`, async (t) => {
    const place = install(t)
    setNumber(t, place, 'HANDOVER_VERSION', 2, { files: [file] })
    place.write('script.mjs', "import { writeFileSync } from 'node:fs'; writeFileSync('begun', '')")
    place.write(
      'main.mjs',
      `import { Daemon } from 'daimon'
      const daemon = new Daemon({ pidFile: 'a.pid', script: 'script.mjs' })
      const { code, message, cause } = await daemon.start().catch((error) => error)
      console.log(JSON.stringify({ code, message, cause: { name: cause.name, code: cause.code } }))`,
    )
    const { stdout } = await place.node(['main.mjs'])
    const { code, message, cause } = JSON.parse(stdout)
    t.is(code, 'ERR_DAEMON_START_FAILED')
    t.deepEqual(cause, { name: 'UnsupportedError', code: 'ERR_DAEMON_UNSUPPORTED' })
    t.regex(message, /handover version \d; daimon .* reads version \d\. .*Restart the launcher/)
    t.false(existsSync(place.file('begun')))
    t.false(existsSync(place.file('a.pid')))
    t.deepEqual(place.processes(), [])
  })
}

test('a daemon whose package was replaced by another version is not restarted by it, and lives on', async (t) => {
  const place = install(t)
  place.write(
    'main.mjs',
    `import { daemonize } from 'daimon'
    const context = await daemonize({ pidFile: 'a.pid', log: 'a.log' })
    setInterval(() => {}, 1e6)
    process.on('SIGUSR2', async () => console.log('answer:', await context.restart().catch(({ message }) => message)))`,
  )
  t.is((await place.node(['main.mjs'])).code, 0)
  setNumber(t, place, 'HANDOVER_VERSION', 2)
  const pid = Number(place.read('a.pid'))
  await new Daemon({ pidFile: place.file('a.pid') }).signal('SIGUSR2')
  const answer = await until(() => /^answer: .*$/m.exec(place.read('a.log'))?.[0], 'the answer')
  t.regex(answer, /reads launches of version 2, and this daemon's is of version 1\. Restart it from outside/)
  t.true(alive(pid))
})

for (const [title, change] of [
  [
    'replaced by another version',
    "writeFileSync(verbs, '// daimon 9.9.9: verbs.js\\nexport const begin = 1')",
  ],
  ['removed', 'rmSync(verbs)'],
  ['cut off', 'truncateSync(verbs, 5000)'],
]) {
  test(`a launcher whose package has been ${title} goes on with the verbs that it has`, async (t) => {
    const place = install(t)
    place.write(
      'main.mjs',
      `import { rmSync, truncateSync, writeFileSync } from 'node:fs'
      import { Daemon } from 'daimon'
      const verbs = 'node_modules/daimon/dist/verbs.js'
      ${change}
      const daemon = new Daemon({ pidFile: 'a.pid', script: 'script.mjs' })
      console.log((await daemon.start()).state, (await daemon.restart()).state, (await daemon.stop()).wasRunning)`,
    )
    place.write('script.mjs', 'setInterval(() => {}, 1e6)')
    const { stdout, stderr } = await place.node(['main.mjs'])
    t.deepEqual([stdout, stderr], ['running running true\n', ''])
  })
}

test('the errors of a second instance of the facade are of its own classes, also those of late verbs', async (t) => {
  const place = install(t)
  place.write('script.mjs', "throw new Error('refuses to work')")
  place.write(
    'main.mjs',
    `await import('daimon')
    const { Daemon, StartFailedError } = await import('./node_modules/daimon/dist/index.js?second')
    const error = await new Daemon({ pidFile: 'a.pid', script: 'script.mjs' }).start().catch((error) => error)
    console.log(error instanceof StartFailedError, error.cause.message)`,
  )
  t.is((await place.node(['main.mjs'])).stdout, 'true refuses to work\n')
})

test('a command line of another version than the program has loaded is refused, not executed', async (t) => {
  const place = install(t)
  place.write(
    'main.mjs',
    `import { writeFileSync } from 'node:fs'
    import { Daemon } from 'daimon'
    const other = '// daimon 9.9.9: cli.js\\nconsole.log("executed"); export const main = () => 0'
    writeFileSync('node_modules/daimon/dist/cli.js', other)
    const answer = await new Daemon({ pidFile: 'a.pid' }).cli(['status']).catch((error) => error)
    console.log(JSON.stringify({ ...answer, message: answer.message }))`,
  )
  const { code, feature, message } = JSON.parse((await place.node(['main.mjs'])).stdout)
  t.deepEqual([code, feature], ['ERR_DAEMON_UNSUPPORTED', 'command line'])
  t.regex(
    message,
    /cli\.js is of version 9\.9\.9, and this program has loaded version \d.*\. Start this program anew, /,
  )
})
