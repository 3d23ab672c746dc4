// The examples of docs/command-line.md.
import { cpSync } from 'node:fs'
import { BIN, PLAIN, privately } from '../helpers/cli.js'
import { commands, follow, guide } from '../helpers/guides.js'
import { content, fixture, freePort, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const page = guide('docs/command-line.md')
const alone = page.by(needs('root', 'mount namespaces'))
const block = (first) => commands('docs/command-line.md').get(first)

page('greeter.js has the verbs of the command', ['greeter.js'], async (t, place) => {
  const run = (...args) => place.node(['greeter.js', ...args], { env: PLAIN })
  t.is((await run('start', 'Hi')).code, 0)
  await until(() => content(place.file('greeter.log'))?.includes('Hi\n'), 'the greeting')
  t.is((await run('stop')).stderr, 'greeter has stopped\n')
})

const START = 'daimon start --name web server.js -- 8080'

alone('a script is started, shown and stopped', [START], async (t, place) => {
  cpSync(fixture('docs/server.js'), place.file('server.js'))
  const script = follow(block(START), 'listening').replace('8080', String(await freePort()))
  const { code, stdout, stderr } = await privately(place, `set -e\n${script}`)
  t.is(code, 0, stderr)
  t.is(JSON.parse(stdout).state, 'running')
  t.is(place.read('followed'), 'listening\n')
  t.deepEqual(place.processes(), [])
})

const KEPT = 'daimon start --name web --respawn server.js -- 8080'

alone('a daemon with a keeper is upgraded', [KEPT], async (t, place) => {
  cpSync(fixture('docs/server.js'), place.file('server.js'))
  const script = block(KEPT).replace('8080', String(await freePort()))
  const { code, stdout, stderr } = await privately(place, `set -e\n${script}`)
  t.is(code, 0, stderr)
  t.regex(stderr, /^web has been upgraded: generation 2 serves$/m)
  t.regex(stdout, /^ {2}0 {9}2 {11}ready /m)
  t.deepEqual(place.processes(), [])
})

const SLEEPER = 'daimon start --name sleeper -- sleep 1000'

alone('any program is started, restarted, shown and stopped', [SLEEPER], async (t, place) => {
  const { code, stdout, stderr } = await privately(place, `set -e\n${block(SLEEPER)}`)
  t.is(code, 0, stderr)
  t.regex(stdout, /^ {2}program {3}sleep$/m)
  t.deepEqual(place.processes(), [])
})

const UNITS =
  'daimon unit systemd --name web --user www-data server.js -- 8080 > /etc/systemd/system/web.service'

alone('the units are written', [UNITS], async (t, place) => {
  cpSync(fixture('docs/server.js'), place.file('server.js'))
  const here = block(UNITS)
    .replace(/> \S*\//g, '> ')
    .replace('www-data', 'nobody')
  const { code, stderr } = await privately(place, `set -e\n${here}`)
  t.is(code, 0, stderr)
  t.regex(place.read('web.service'), /^ExecStart=.* 8080$/m)
  t.regex(place.read('web.plist'), /<string>run<\/string>/)
  t.regex(place.read('web'), /postrotate/)
})

const COMPLETION = 'source <(daimon completion bash)'
const withBash = page.by(needs('bash'))

withBash('the completions are printed, and bash loads its own', [COMPLETION], async (t, place) => {
  place.write('daimon', `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  const text = block(COMPLETION)
  const shells = Array.from(text.matchAll(/daimon completion (\w+)/g), ([, shell]) => shell)
  t.deepEqual(shells, ['bash', 'zsh', 'fish'])
  for (const shell of shells) t.is((await place.node([BIN, 'completion', shell])).code, 0)
  const script = `PATH="$PWD:$PATH"; chmod +x daimon; ${text.split('\n')[0]}\ncomplete -p daimon`
  const { code, stdout, stderr } = await place.command('bash', ['-c', script])
  t.deepEqual([code, stderr], [0, ''])
  t.regex(stdout, /^complete .* daimon$/m)
})
