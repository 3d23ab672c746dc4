// What people are told of what they have written: that it is true, and what helps.
import { execFileSync } from 'node:child_process'
import test from 'ava'
import { Daemon, send } from '../../dist/index.js'
import { at, daimon, idle, logged, PLAIN } from '../helpers/cli.js'
import { folder } from '../helpers/index.js'

test.serial('a flag that lacks its value says which words there are, or what it takes', async (t) => {
  const place = folder(t)
  for (const [words, line] of [
    [['--detach'], /^daimon: --detach takes a value: auto, true or false\. See/],
    [['--detach', '--umask', '022'], /^daimon: --detach takes a value: auto, true or false\. See/],
    [['--ready'], /^daimon: --ready takes a value: auto, manual, running or notify\. See/],
    [['--ready-timeout'], /^daimon: --ready-timeout takes a value: --ready-timeout MS\. See/],
    [['--log'], /^daimon: --log takes a value: --log FILE\. One that begins with a dash: --log=-…\. See/],
    [['--core-dumps=maybe'], /^daimon: --core-dumps takes no value but true and false\. See/],
    [['--json=yes'], /^daimon: --json takes no value\. See/],
  ]) {
    const { code, stderr } = await daimon(place, 'start', ...at(place), 'x.js', ...words)
    t.is(code, 2)
    t.regex(stderr, line)
  }
})

test.serial('a number with a unit is refused with the number that it means', async (t) => {
  const place = folder(t)
  for (const [flag, text, said] of [
    ['--ready-timeout', '5s', "milliseconds, not '5s': give 5000. See"],
    ['--stop-timeout', '2 min', "milliseconds, not '2 min': give 120000. See"],
    ['--log-max-size', '10M', "bytes, not '10M': give 10000000. See"],
    ['--log-max-size', '1constructor', "bytes, not '1constructor'. See"],
    ['--ready-timeout', 'soon', "milliseconds, not 'soon'. See"],
  ]) {
    const { code, stderr } = await daimon(place, 'start', ...logged(place), flag, text, 'x.js')
    t.is(code, 2)
    t.true(stderr.startsWith(`daimon: ${flag} takes a number of ${said}`), stderr)
  }
})

for (const path of ['/dev/stdout', '/dev/stderr', '/dev/fd/1', '/proc/self/fd/1']) {
  test.serial(`${path} as a log is told to be no file, and what to say instead`, async (t) => {
    const place = folder(t)
    const script = idle(place)
    for (const [flag, instead] of [
      ['--log', '--stdout inherit and --stderr inherit'],
      ['--stdout', '--stdout inherit'],
    ]) {
      for (const verb of ['start', 'run']) {
        const { code, stderr } = await daimon(place, verb, ...at(place), flag, path, script)
        t.is(code, 2)
        t.regex(
          stderr,
          new RegExp(`^daimon: ${flag} \\('${path}'\\) .*\\. Leave it out, or say ${instead}\\.\n$`),
        )
      }
    }
    const error = await t.throwsAsync(
      new Daemon({ pidFile: place.file('a.pid'), script, stderr: path }).start(),
    )
    t.like(error, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'stderr', value: path })
    t.regex(error.message, /^Option 'stderr' .*\. Leave it out, or say stderr: 'inherit'\.$/)
  })
}

test.serial('what is no file for a stream is told for all of them in the same words', async (t) => {
  const place = folder(t)
  execFileSync('mkfifo', [place.file('fifo')])
  for (const [path, is] of [
    [place.file('fifo'), 'a FIFO'],
    [place.path, 'a folder'],
    ['/proc/self/exe', 'a symbolic link'],
  ]) {
    for (const option of ['stdin', 'stdout', 'stderr', 'log']) {
      const daemon = new Daemon({ pidFile: place.file('a.pid'), script: idle(place), [option]: path })
      const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_INVALID_OPTION' })
      t.is(
        error.message,
        `Option '${option}' must be a regular file, but '${path}' is ${is}. Give the path of a file.`,
      )
      t.is(error.option, option)
    }
  }
})

test.serial('nobody is told to give what he cannot give there', async (t) => {
  const place = folder(t)
  const sent = await t.throwsAsync(send(undefined, 'SIGTERM'), { code: 'ERR_DAEMON_INVALID_OPTION' })
  t.is(sent.option, 'pidFile')
  t.notRegex(sent.message, /'name'/)
  const inline = place.write(
    'a.mjs',
    `import { daemonize } from "DAIMON"\nawait daemonize({ pidFile: 'a.pid' })`,
  )
  const piped = await place.command('sh', ['-c', '"$0" --input-type=module < "$1"', process.execPath, inline])
  t.regex(piped.stderr, /Give the daemon's module as 'script' to new Daemon\(\)/)
  const program = place.write(
    'b.mjs',
    `import { Daemon } from "DAIMON"
     const daemon = new Daemon({ pidFile: 'b.pid', script: ${JSON.stringify(idle(place))}, execPath: '/none' })
     await daemon.cli(process.argv.slice(2))`,
  )
  const { code, stderr } = await place.node([program, 'start'], { env: PLAIN })
  t.is(code, 2)
  t.regex(stderr, /^b\.mjs: Option 'execPath' must be a file that can be executed/)
})

test.serial('what a user has written is shown as it is, whatever it reads like', async (t) => {
  const place = folder(t)
  for (const name of ["give 'cwd'.js", "Option 'log', no 'name'", "stdout: 'inherit'"]) {
    const { code, stderr } = await daimon(place, 'start', ...logged(place), name)
    t.is(code, 2)
    t.true(stderr.startsWith('daimon: The script must be '))
    t.true(stderr.includes(`"${place.file(name)}"`), stderr)
  }
})

test.serial('every option in a message is told by its flag', async (t) => {
  const place = folder(t)
  const script = idle(place)
  for (const [flags, line] of [
    [['--keep-fds', '1'], / Descriptors 0 to 2 are --stdin, --stdout and --stderr\.\n$/],
    [
      ['--limits', 'core=5'],
      /, but --core-dumps is not true\. Say --core-dumps, or leave the limit out\.\n$/,
    ],
    [['--signals', 'USR2=STOP'], /^daimon: --signals must be one of 'stop', .* Did you mean 'stop'\?\n$/],
    [['--log', 'inherit'], / Give --stdout inherit and --stderr inherit, or write '\.\/inherit' for a file /],
  ]) {
    const { code, stderr } = await daimon(place, 'start', ...at(place), ...flags, script)
    t.is(code, 2)
    t.regex(stderr, line)
  }
})
