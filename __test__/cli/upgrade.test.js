// The verb `upgrade`, and what `status` and `list` show of a keeper's bodies.
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, BIN, daimon, idle, logged, PLAIN } from '../helpers/cli.js'
import { folder, kill, until } from '../helpers/index.js'

const control = (place) => new Daemon({ pidFile: place.file('a.pid') })

test.serial('upgrade starts the next generation, tells which serves, and is 0', async (t) => {
  const place = folder(t)
  const script = idle(place)
  const started = await daimon(place, 'start', ...logged(place), '--respawn=never', '--json', script)
  const { pid } = JSON.parse(started.stdout)
  const who = place.file('a.pid')
  const text = await daimon(place, 'upgrade', ...at(place))
  t.like(text, { code: 0, stdout: '', stderr: `${who} has been upgraded: generation 2 serves\n` })
  const { code, stdout, stderr } = await daimon(place, 'upgrade', ...at(place), '--json')
  t.deepEqual([code, stderr], [0, ''])
  const found = JSON.parse(stdout)
  t.like(found, { state: 'running', pid, pidFile: who, respawns: 0 })
  t.true(found.bodies.some(({ generation, ready }) => generation === 3 && ready))
})

test.serial('upgrade to a program that fails is 1, and the old one serves on', async (t) => {
  const place = folder(t)
  const script = idle(place)
  await daimon(place, 'start', ...logged(place), '--instances', '1', script)
  const [before] = (await control(place).status()).bodies
  place.write('idle.mjs', "throw new Error('not this one')")
  const { code, stdout, stderr } = await daimon(place, 'upgrade', ...at(place))
  t.deepEqual([code, stdout], [1, ''])
  t.regex(stderr, /^daimon: [^\n]*not this one[^\n]*\n$/)
  const [after] = (await control(place).status()).bodies
  t.deepEqual([after.pid, after.generation], [before.pid, 1])
})

test.serial('a restart tells when the daemon has no keeper any more', async (t) => {
  const place = folder(t)
  const script = idle(place)
  const who = place.file('a.pid')
  const kept = ['--respawn', script]
  await daimon(place, 'start', ...logged(place), ...kept)
  const again = await daimon(place, 'restart', ...logged(place), ...kept)
  t.regex(again.stderr, /^[^\n]* is running with PID \d+\n$/)
  const { code, stderr } = await daimon(place, 'restart', ...logged(place), script)
  t.is(code, 0)
  t.true(stderr.startsWith(`${who} had a keeper, and has none any more: it needs --respawn`), stderr)
  const plain = await daimon(place, 'restart', ...logged(place), script)
  t.false(plain.stderr.includes('keeper'))
})

test.serial('a second upgrade meanwhile is 1', async (t) => {
  const place = folder(t)
  const script = place.write('slow.mjs', 'setInterval(() => {}, 1e6)')
  await daimon(place, 'start', ...logged(place), '--respawn', script)
  place.write('slow.mjs', 'await new Promise(() => setInterval(() => {}, 1e6))')
  const upgrading = control(place).upgrade()
  const isBegun = async () =>
    (await control(place).status()).bodies.some(({ generation }) => generation === 2)
  await until(isBegun, 'the first upgrade')
  const { code, stdout } = await daimon(place, 'upgrade', ...at(place), '--json')
  t.deepEqual([code, JSON.parse(stdout).error.code], [1, 'ERR_DAEMON_UPGRADE_IN_PROGRESS'])
  const next = (await control(place).status()).bodies.find(({ generation }) => generation === 2)
  kill(next.pid)
  await t.throwsAsync(upgrading)
})

test.serial('Ctrl-C ends the next generation, with 130, and the old one serves on', async (t) => {
  const place = folder(t)
  const script = idle(place, 'slow.mjs')
  await daimon(place, 'start', ...logged(place), '--respawn', script)
  const [before] = (await control(place).status()).bodies
  place.write('slow.mjs', 'await new Promise(() => setInterval(() => {}, 1e6))')
  const command = place.spawn([BIN, 'upgrade', ...at(place)], { env: PLAIN })
  const bodies = async () => (await control(place).status()).bodies
  await until(async () => (await bodies()).length === 2, 'the next generation')
  command.child.kill('SIGINT')
  const { code, stdout, stderr } = await command.done
  t.deepEqual([code, stdout], [130, ''])
  t.regex(stderr, /^daimon: \S+ was not upgraded, and runs, with PID \d+: interrupted\n$/)
  await until(async () => (await bodies()).length === 1, 'the end of the next generation')
  t.is((await bodies())[0].pid, before.pid)
})

test.serial('upgrade of a daemon without a keeper is 1, and says what it needs', async (t) => {
  const place = folder(t)
  await daimon(place, 'start', ...logged(place), idle(place))
  const { code, stdout } = await daimon(place, 'upgrade', ...at(place), '--json')
  t.deepEqual([code, JSON.parse(stdout).error.code], [1, 'ERR_DAEMON_UNSUPPORTED'])
})

test.serial('status and list show each body, the respawns and the last exit', async (t) => {
  const place = folder(t)
  await daimon(place, 'start', ...logged(place), '--respawn', '--instances', '2', idle(place))
  const { pid, bodies } = await control(place).status()
  const [first] = bodies
  kill(first.pid)
  const isBack = async () => {
    const { bodies, respawns } = await control(place).status()
    return respawns === 1 && bodies.length === 2 && bodies.every(({ ready }) => ready)
  }
  await until(isBack, 'the respawn')
  const { code, stdout } = await daimon(place, 'status', ...at(place))
  t.is(code, 0)
  t.true(stdout.startsWith(`${place.file('a.pid')} is running\n  pid        ${pid}\n`), stdout)
  t.regex(stdout, /^ {2}respawns {3}1$/m)
  t.regex(stdout, /^ {2}last exit {2}20\S+ \S+, by SIGKILL$/m)
  const rows = stdout.slice(stdout.indexOf('  INSTANCE')).split('\n')
  t.regex(rows[0], /^ {2}INSTANCE {2}GENERATION {2}STATE {2,}PID {2,}UPTIME {2,}MEMORY {2,}CPU$/)
  for (const [at, row] of [rows[1], rows[2]].entries()) {
    t.regex(row, new RegExp(`^ {2}${at} {9}1 {11}ready {2}\\d+ {2,}\\d.* s {2,}\\d+\\.\\d MB {2,}\\d.* s$`))
  }
  const listed = await daimon(place, 'list', '--folder', place.path)
  const lines = listed.stdout.split('\n')
  const at0 = lines.findIndex((line) => line.startsWith('a '))
  t.regex(lines[at0], new RegExp(`^a {2,}running {2,}${pid} .*/a\\.log$`))
  t.regex(lines[at0 + 1], /^ {2}0, generation 1 {2,}ready {2,}\d+ {2}.* -$/)
  t.regex(lines[at0 + 2], /^ {2}1, generation 1 {2,}ready {2,}\d+ {2}.* -$/)
  const json = JSON.parse((await daimon(place, 'list', '--folder', place.path, '--json')).stdout)
  t.is(json.find(({ name }) => name === 'a').bodies.length, 2)
})

test.serial('a program has the verb too, and gives its run other arguments', async (t) => {
  const place = folder(t)
  const path = place.write(
    'own.mjs',
    `import { Daemon } from "DAIMON"
    const run = (daemon, ...args) => {
      console.log('body', JSON.stringify(args))
      setInterval(() => {}, 1e6)
    }
    const daemon = new Daemon({ pidFile: 'a.pid', log: 'a.log', respawn: 'never', run })
    await daemon.cli(process.argv.slice(2))`,
  )
  const run = (...args) => place.node([path, ...args], { env: PLAIN })
  t.is((await run('start', 'one')).code, 0)
  const { code, stderr } = await run('upgrade', 'two', '--ready-timeout', '60000', '--', '-3')
  t.is(code, 0, stderr)
  t.regex(stderr, / has been upgraded: generation 2 serves\n$/)
  await until(() => place.read('a.log').includes('["two","-3"]'), 'the arguments')
  t.is((await run('upgrade')).code, 0)
  await until(() => place.read('a.log').split('["two","-3"]').length === 3, 'the kept arguments')
  t.is((await run('stop')).code, 0)
})
