// Which file a script stands for: what `node X` finds, and what it does not.
import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { at, BIN, daimon, logged, PLAIN } from '../helpers/cli.js'
import { content, fixture, folder, until } from '../helpers/index.js'

/** Says which file it is, and what it was called by; the file that it stands in tells the first. */
const COMMON = 'console.log(__filename, process.argv[1])\nsetInterval(() => {}, 1e6)'
const MODULE = `import { fileURLToPath } from 'node:url'
console.log(fileURLToPath(import.meta.url), process.argv[1])
setInterval(() => {}, 1e6)`

/** What there is, what is asked for, what it comes to, and whether Node.js comes to that itself. */
const FOUND = [
  ['server.js', 'server', 'server.js', 'Node.js, too'],
  ['server.js', './server/', 'server.js', 'Node.js, too'],
  ['server.cjs', 'server', 'server.cjs'],
  ['server.mjs', 'server', 'server.mjs'],
  ['server.cjs server.mjs server.json', 'server', 'server.cjs'],
  ['server.js server.mjs server/index.js', 'server', 'server.js', 'Node.js, too'],
  ['server server.js', 'server', 'server', 'Node.js, too'],
  ['web/index.js', 'web', 'web/index.js', 'Node.js, too'],
  ['web/index.js', 'web/', 'web/index.js', 'Node.js, too'],
  ['web/main.js web/package.json', 'web', 'web/main.js', 'Node.js, too'],
  ['web/main.mjs web/package.json', 'web', 'web/main.mjs', 'Node.js, too'],
  ['web/main/index.js web/package.json', 'web', 'web/main/index.js', 'Node.js, too'],
  ['index.js', '.', 'index.js', 'Node.js, too'],
]

/** Writes files by their names; a package.json says `main`. */
function write(place, names) {
  for (const name of names.split(' ')) {
    mkdirSync(dirname(place.file(name)), { recursive: true })
    const main = names.includes('main.mjs') ? 'main.mjs' : 'main'
    const text = name.endsWith('.json') ? JSON.stringify({ main }) : name.endsWith('.mjs') ? MODULE : COMMON
    place.write(name, text)
  }
}

for (const [names, script, file, nodes] of FOUND) {
  test.serial(`${script} is ${file} where there is ${names}`, async (t) => {
    const place = folder(t)
    write(place, names)
    const path = place.file(script).replace(/\/\.?$/, '')
    const main = nodes === undefined ? place.file(file) : path
    const said = `${place.file(file)} ${main}\n`
    if (nodes !== undefined) {
      const plain = place.spawn([script])
      await until(() => plain.output().stdout.endsWith('\n'), 'plain Node')
      t.is(plain.output().stdout, said)
      plain.child.kill()
    }
    const started = await daimon(place, 'start', ...logged(place), script)
    t.is(started.code, 0, started.stderr)
    t.is(place.read('a.log'), said)
    const again = await daimon(place, 'restart', ...logged(place), script)
    t.is(again.code, 0, again.stderr)
    t.is(place.read('a.log'), said.repeat(2))
    t.is((await daimon(place, 'stop', ...at(place))).code, 0)
    const daemon = new Daemon({
      pidFile: place.file('b.pid'),
      script: place.file(script),
      log: place.file('b.log'),
    })
    await daemon.start()
    t.is(place.read('b.log'), said)
    await daemon.stop()
    const running = place.spawn([BIN, 'run', ...at(place, 'c'), script], { env: PLAIN })
    await until(() => running.output().stdout.endsWith('\n'), 'the foreground')
    t.is(running.output().stdout, said)
    running.child.kill()
    t.is((await running.done).code, 0)
    const unit = await daimon(place, 'unit', 'systemd', '--name', 'x', script)
    t.true(unit.stdout.includes(` ${path}\n`), unit.stdout)
  })
}

test.serial('a program that has a Daemon finds its script so, too, with a run()', async (t) => {
  const place = folder(t)
  place.write(
    'web/index.js',
    `import { Daemon } from "DAIMON"
     export const web = new Daemon({ pidFile: 'a.pid', script: process.argv[2] ?? './web', log: 'a.log', run() {
       console.log('runs', process.argv[1]); setInterval(() => {}, 1e6)
     } })`,
  )
  place.write('package.json', '{ "type": "module" }')
  place.write('ctl.js', "import { web } from './web/index.js'\nconsole.log((await web.start()).state)")
  t.like(await place.node(['ctl.js']), { code: 0, stdout: 'running\n' })
  t.is(place.read('a.log'), `runs ${place.file('web')}\n`)
})

const NOT_FOUND = [
  ['server.ts', 'server', /'\S+\/server' is not: ENOENT[^.]*\. In \S+ there is server\.ts\.$/],
  ['server.mjs', 'server.js', /'\S+\/server\.js' is not: ENOENT[^.]*\. In \S+ there is server\.mjs\.$/],
  ['server.json', 'server', /'\S+\/server' is not: ENOENT: [a-z ]+\.$/],
  ['other.js', 'server', /'\S+\/server' is not: ENOENT: [a-z ]+\.$/],
  [
    'web/index.mjs',
    'web',
    /'\S+\/web' is a folder without an index\.js\. In \S+\/web there is index\.mjs\.$/,
  ],
  [
    'web/package.json web/x',
    'web',
    /a folder without an index\.js \(nor is there the 'main' of its package\.json, 'main'\)\.$/,
  ],
]

for (const [names, script, message] of NOT_FOUND) {
  test.serial(`${script} is nothing where there is ${names}, and what there is is told`, async (t) => {
    const place = folder(t)
    write(place, names)
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script: place.file(script) })
    const error = await t.throwsAsync(daemon.start(), { code: 'ERR_DAEMON_INVALID_OPTION', message })
    t.like(error, { option: 'script', value: place.file(script) })
    t.is((await daemon.status()).state, 'stopped')
    for (const verb of ['start', 'restart', 'run']) {
      const { code, stderr } = await daimon(place, verb, ...at(place), script)
      t.is(code, 2, verb)
      t.regex(stderr.trimEnd(), message, verb)
    }
    t.is((await daimon(place, 'unit', 'systemd', '--name', 'x', script)).code, 2)
  })
}

test.serial('a script that has come, gone or changed since is found anew', async (t) => {
  const place = folder(t)
  const daemon = new Daemon({
    pidFile: place.file('a.pid'),
    script: place.file('web'),
    log: place.file('a.log'),
  })
  await t.throwsAsync(daemon.start(), { message: /is not: ENOENT/ })
  write(place, 'web.js')
  await daemon.start()
  mkdirSync(place.file('web'))
  place.rename('web.js', 'web/index.js')
  await daemon.restart()
  const main = place.file('web')
  t.is(place.read('a.log'), `${place.file('web.js')} ${main}\n${place.file('web/index.js')} ${main}\n`)
  place.rename('web', 'gone')
  await t.throwsAsync(daemon.restart(), { message: /is not: ENOENT/ })
  t.is((await daemon.status()).state, 'running', 'what cannot be started again is not stopped')
  await daemon.stop()
})

/** A shim of a package manager's: the fixture without the line that says what it is. */
const shimOf = (target, more) =>
  readFileSync(fixture('options/shim.sh'), 'utf8')
    .replace(/^.*\n/, '')
    .replace('MORE', () => more)
    .replaceAll('TARGET', target)

for (const [who, more] of [
  ['npm', ''],
  ['pnpm', `if [ -z "$NODE_PATH" ]; then\n  export NODE_PATH="${'/x/node_modules:'.repeat(400)}"\nfi`],
]) {
  test.serial(`a shim of ${who} is told to be a shell script, with the file that it executes`, async (t) => {
    const place = folder(t)
    const shim = place.write('node_modules/.bin/serve', shimOf('../serve/build/main.js', more))
    const target = place.file('node_modules/serve/build/main.js')
    chmodSync(shim, 0o755)
    for (const words of [
      ['start', ...logged(place), shim],
      ['run', ...at(place), shim],
      ['unit', 'systemd', '--name', 'x', shim],
    ]) {
      const { code, stderr } = await daimon(place, ...words)
      t.is(code, 2, words[0])
      t.true(stderr.includes(`is a shell script, which executes ${target}. Give that file.`), stderr)
    }
    t.is(content(place.file('a.log')), undefined)
  })
}

test.serial(
  'another shell script is told by its first line, and one that is JavaScript, too, is run',
  async (t) => {
    const place = folder(t)
    const shell = place.write('run', '#!/usr/bin/env bash\nif true; then\n  node server.js\nfi\n')
    const failed = await daimon(place, 'start', ...logged(place), shell)
    t.is(failed.code, 1)
    t.regex(
      failed.stderr,
      /SyntaxError: .*By its first line the script is one for bash, not for Node\.js: give the JavaScript/,
    )
    const both = place.write('both', '#!/bin/sh\n":" //; exec node "$0" "$@"\nsetInterval(() => {}, 1e6)\n')
    t.is((await daimon(place, 'start', ...logged(place), both)).code, 0)
  },
)

test.serial('what is named instead of a script that is missing is a file', async (t) => {
  const place = folder(t)
  place.write('web/index.js/x', '')
  place.write('web/index.mts', '')
  place.write('app.js/x', '')
  const refused = async (script) =>
    (await t.throwsAsync(new Daemon({ pidFile: place.file('a.pid'), script: place.file(script) }).start()))
      .message
  t.true((await refused('web')).endsWith(`In ${place.file('web')} there is index.mts.`))
  t.false((await refused('app.ts')).includes('there is'))
})
