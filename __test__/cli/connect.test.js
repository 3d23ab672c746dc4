import test from 'ava'
import { BIN, daimon } from '../helpers/cli.js'
import { fixture, folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { engine } from '../helpers/on-demand.js'

const OPTIONS = ['--pid-file', 'engine.pid']

/** The command, with this on stdin. */
function piped(place, input, ...args) {
  const started = place.spawn([BIN, ...args])
  started.child.stdin.end(input)
  return started.done
}

test.serial('start listens by --socket, and connect joins stdin and stdout to it', async (t) => {
  const place = folder(t)
  const script = fixture('launcher/engine.mjs')
  const started = await daimon(
    place,
    'start',
    ...OPTIONS,
    '--socket',
    '--idle-timeout',
    '600000',
    '--version-tag',
    '1.2',
    script,
  )
  t.is(started.code, 0, started.stderr)
  const { code, stdout, stderr } = await piped(place, 'one\ntwo', 'connect', ...OPTIONS)
  t.deepEqual([code, stderr], [0, ''])
  t.regex(stdout, /^{"pid":\d+,.*}\none\ntwo$/)
  const large = 'x'.repeat(5_000_000)
  t.true((await piped(place, large, 'connect', ...OPTIONS)).stdout.endsWith(`\n${large}`))
  const status = await daimon(place, 'status', ...OPTIONS)
  t.is(status.code, 0)
  t.is((await daimon(place, 'stop', ...OPTIONS)).code, 0)
})

needs('Unix')('a path of its own is given by --socket=FILE', async (t) => {
  const place = folder(t)
  const args = [...OPTIONS, '--socket=s/own.sock']
  place.write('s/keep', '')
  t.is((await daimon(place, 'start', ...args, fixture('launcher/engine.mjs'))).code, 0)
  t.is((await piped(place, '', 'connect', ...OPTIONS)).code, 1, 'nobody listens beside the pidfile')
  t.is((await piped(place, '', 'connect', ...args)).code, 0)
  t.is((await daimon(place, 'stop', ...OPTIONS)).code, 0)
})

test.serial('connect says that nobody is there, and that it was cut off', async (t) => {
  const place = folder(t)
  const nobody = await piped(place, '', 'connect', ...OPTIONS)
  t.is(nobody.code, 7)
  t.regex(nobody.stderr, /^daimon: No daemon of .*engine\.pid listens at .*engine\.sock\. Start it first\.$/m)
  const daemon = engine(place)
  await daemon.start()
  const client = place.spawn([BIN, 'connect', ...OPTIONS])
  await until(() => client.output().stdout.includes('"pid"'), 'the greeting')
  await daemon.stop()
  client.child.stdin.end('too late')
  const { code } = await client.done
  t.true([0, 1].includes(code), 'the daemon has ended its side, in order or not')
})

test.serial('a number of a flag with an optional value is not taken for it', async (t) => {
  const place = folder(t)
  const { code, stderr } = await daimon(place, 'start', ...OPTIONS, '--socket', 'no-such-script.mjs')
  t.is(code, 2)
  t.regex(stderr, /no-such-script\.mjs/)
})
