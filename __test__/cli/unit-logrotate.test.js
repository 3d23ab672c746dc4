// `unit logrotate`: a configuration, checked by logrotate itself.
import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import test from 'ava'
import { at, daimon, idle } from '../helpers/cli.js'
import { folder, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { unit } from '../helpers/units.js'

needs('logrotate')('logrotate takes its file, and the daemon goes on in a new log', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('logs'), { mode: 0o755 })
  for (const name of [`it's 100% $HOME.log`, 'a "b" [x] *?.log', 'back\\slash # é.log']) {
    const log = ['--log', place.file(`logs/${name}`)]
    await daimon(
      place,
      'start',
      ...at(place),
      ...log,
      place.write('say.mjs', "console.log('old'); setInterval(() => console.log('new'), 10)"),
    )
    const text = await unit(
      t,
      place,
      'logrotate',
      '--name',
      'web',
      ...at(place),
      ...log,
      '--log-max-size',
      '1',
      '--log-keep',
      '3',
    )
    // What a pattern would take along.
    place.write('logs/a "b" x zz.log', 'decoy\n')
    const config = place.write('web.conf', text)
    const { code, stderr } = await place.command('logrotate', ['-s', place.file('state'), config])
    t.deepEqual([code, stderr], [0, ''], name)
    await until(() => readdirSync(place.file('logs')).includes(name), 'the new log')
    t.deepEqual(readdirSync(place.file('logs')).sort(), [name, `${name}.1`, 'a "b" x zz.log'].sort())
    t.true(place.read(`logs/${name}.1`).startsWith('old\n'))
    await daimon(place, 'stop', ...at(place))
    // Of a daemon that does not run, too.
    t.is((await place.command('logrotate', ['-f', '-s', place.file('state'), config])).code, 0)
    for (const file of readdirSync(place.file('logs')))
      renameSync(place.file(`logs/${file}`), place.file('gone'))
  }
})

test.serial('logrotate’s file is about the log that flags give, or the default one', async (t) => {
  const place = folder(t)
  t.regex(
    await unit(t, place, 'logrotate', '--name', 'web'),
    /^# The log of the daemon of \/.*\/web\.pid\.\n"\/.*\/web\.log" \{\n {4}weekly\n {4}rotate 5\n/,
  )
  const text = await unit(t, place, 'logrotate', '--name', 'web', '--log-max-size', '1000', '--log-keep', '2')
  t.regex(text, /\n {4}size 1000\n {4}rotate 2\n/)
  const { code, stderr } = await daimon(place, 'unit', 'logrotate', '--name', 'web', '--log', '{}')
  t.is(code, 2)
  t.regex(stderr, /braces/)
})

needs('root')('logrotate’s file of a daemon with a user wants to know which pidfile is meant', async (t) => {
  const place = folder(t)
  const flags = ['--name', 'web', '--user', 'nobody', '--log', place.file('web.log')]
  const { code, stderr } = await daimon(place, 'unit', 'logrotate', ...flags)
  t.is(code, 2)
  const [, path] = /--pid-file: (\S+) for a service of systemd/.exec(stderr)
  t.true((await unit(t, place, 'systemd', ...flags, idle(place))).includes(` --pid-file ${path} `))
  t.regex(
    await unit(t, place, 'logrotate', ...flags, '--pid-file', path),
    new RegExp(` reload --pid-file ${path} `),
  )
})
