// The published packages, installed by npm on every supported Node release line.
import { readdirSync } from 'node:fs'
import test from 'ava'
import { installNode, MAJORS } from '../../scripts/lib/nodes.js'
import { buildSea, bundle, program } from '../helpers/executables.js'
import { project, serves } from '../helpers/installed.js'

const HOST =
  process.platform === 'linux' ? `linux-${process.arch}-gnu` : `${process.platform}-${process.arch}`

for (const major of MAJORS) {
  test(`on Node ${major} npm brings the package, this platform's binary and nothing else`, async (t) => {
    const app = await project(t, { major })
    await app.manager('npm', 'install', 'daimon', '--no-audit', '--no-fund')
    const installed = readdirSync(app.file('node_modules')).filter((name) => !name.startsWith('.'))
    t.deepEqual(installed, ['daimon', `daimon-${HOST}`])
    const bin = app.file('node_modules/.bin/daimon')
    await serves(t, app, { start: (file) => app.node(file), daimon: (...args) => app.node(bin, ...args) })
  })
}

test('on Node 26 a single executable becomes a daemon with the same arguments', async (t) => {
  const major = '26'
  const app = await project(t, { major })
  await app.manager('npm', 'install', 'daimon', '--no-audit', '--no-fund')
  const main = bundle(t, app.write('verbs.mjs', program('verbs.mjs', 'daimon')))
  buildSea(t, main, app.file('app'), { node: await installNode(major) })
  const recorded = (name) => JSON.parse(app.read(`${name}.json`))
  for (const verb of ['daemonize', 'start', 'restart']) {
    t.like(await app.command('./app', [verb, 'one'], { env: app.env }), { code: 0, stderr: '' })
    t.deepEqual(recorded('daemon'), { ...recorded('launcher'), args: ['one'] })
    const { stdout } = await app.node('node_modules/.bin/daimon', 'stop', '--pid-file', 'a.pid', '--json')
    t.true(JSON.parse(stdout).wasRunning)
  }
  t.deepEqual(app.processes(), [])
})

const USE = `
  const { Daemon } = await import('daimon')
  console.log('imported')
  const error = await new Daemon({ pidFile: 'a.pid' }).status().then(() => ({}), (error) => error)
  console.log(JSON.stringify({ code: error.code, message: error.message }))
`

/** What a program is told that has been installed so. */
async function told(t, ...flags) {
  const app = await project(t)
  await app.manager('npm', 'install', 'daimon', '--no-audit', '--no-fund', ...flags)
  const { code, stdout, stderr } = await app.node('--input-type=module', '-e', USE)
  t.is(code, 0, stderr)
  t.is(stderr, '')
  const [imported, answer] = stdout.split('\n')
  t.is(imported, 'imported')
  return { app, ...JSON.parse(answer) }
}

test('without optional packages the first use says which one is missing', async (t) => {
  const { app, code, message } = await told(t, '--omit=optional')
  t.deepEqual(
    readdirSync(app.file('node_modules')).filter((name) => !name.startsWith('.')),
    ['daimon'],
  )
  t.is(code, 'ERR_DAEMON_UNSUPPORTED')
  t.regex(message, new RegExp(`daimon-${HOST} is not installed\n.*npm install --include=optional`))
})

for (const flags of [
  ['--os=darwin', '--cpu=arm64'],
  ['--os=linux', '--cpu=arm64', '--libc=musl'],
  ['--os=win32', '--cpu=x64'],
  ['--os=win32', '--cpu=arm64'],
]) {
  const name = `daimon-${flags.map((flag) => flag.split('=')[1]).join('-')}`
  test(`what was installed for another platform (${name}) is told from a broken one`, async (t) => {
    const { app, code, message } = await told(t, ...flags)
    const installed = readdirSync(app.file('node_modules')).filter((entry) => entry.startsWith('daimon'))
    t.deepEqual(installed, ['daimon', name])
    t.is(code, 'ERR_DAEMON_UNSUPPORTED')
    t.regex(message, new RegExp(`daimon-${HOST} is not installed\n.*made on another one`))
  })
}
