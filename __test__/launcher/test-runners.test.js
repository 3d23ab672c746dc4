// A start without `script` from within a test: executed again, the main program would run the whole suite again.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import { Daemon } from '../../dist/index.js'
import { DAIMON, fixture, folder, ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const TRIES = fixture('launcher/tries.mjs')
const IMPORTS = `import { tries } from ${JSON.stringify(TRIES)}`
const NODE_TEST = `import test from 'node:test'\n${IMPORTS}\ntest('starts', tries)`

function isRefused(t, place, runner) {
  const { message, ...result } = JSON.parse(place.read('result'))
  t.deepEqual(result, { code: 'ERR_DAEMON_INVALID_OPTION', option: 'script' })
  t.true(message.includes(`this is a test (${runner})`), message)
  t.is(place.read('count'), 'x', 'executed once')
}

for (const flags of [['--test'], []]) {
  test.serial(`node ${[...flags, 'a.test.mjs'].join(' ')} is not executed again`, async (t) => {
    const place = folder(t)
    place.write('a.test.mjs', NODE_TEST)
    const { code, stdout } = await place.node([...flags, 'a.test.mjs'])
    t.is(code, 0, stdout)
    isRefused(t, place, 'node:test')
  })
}

test.serial('a program that a test of node:test starts may become a daemon', async (t) => {
  const place = folder(t)
  place.write('a.mjs', `${IMPORTS}\nawait tries()`)
  place.write(
    'a.test.mjs',
    `import test from 'node:test'
     import { execFileSync } from 'node:child_process'
     test('starts', () => void execFileSync(process.execPath, ['a.mjs']))`,
  )
  const { code, stdout } = await place.node(['--test', 'a.test.mjs'])
  t.is(code, 0, stdout)
  t.deepEqual(JSON.parse(place.read('result')), { state: 'running' })
  t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true })
})

const RUNNERS = {
  mocha: 'mocha/bin/mocha.js',
  workerpool: 'workerpool/src/worker.js',
  vitest: 'vitest/vitest.mjs',
  tinypool: '.pnpm/tinypool@1.0.0/node_modules/tinypool/dist/entry/process.js',
  'jest-worker': 'jest-worker/build/workers/processChild.js',
  '@jest/core': '@jest/core/bin/x.js',
  ava: 'ava/lib/worker/base.js',
  playwright: 'playwright/cli.js',
}

for (const [name, path] of Object.entries(RUNNERS)) {
  test.serial(`a main module of ${name} is not executed again, reached by a link`, async (t) => {
    const place = folder(t)
    const spec = JSON.stringify(TRIES)
    const main = place.write(`node_modules/${path}`, `import(${spec}).then(({ tries }) => tries())`)
    mkdirSync(place.file('node_modules/.bin'))
    symlinkSync(main, place.file('node_modules/.bin/runner'))
    t.like(await place.node(['node_modules/.bin/runner']), { code: 0, stderr: '' })
    isRefused(t, place, name)
  })
}

test.serial('what is only named like a runner is executed again', async (t) => {
  for (const path of ['mocha/bin/mocha.mjs', 'node_modules/mocha-like/cli.mjs', 'node_modules/x/ava/x.mjs']) {
    const place = folder(t)
    t.like(await place.node([place.write(path, `${IMPORTS}\nawait tries()`)]), { code: 0, stderr: '' })
    t.deepEqual(JSON.parse(place.read('result')), { state: 'running' }, path)
    t.like(await new Daemon({ pidFile: place.file('a.pid') }).stop(), { wasRunning: true })
  }
})

/** Code in a context of its own, as jest does: CommonJS, since the ES modules of node:vm need a flag. */
needs('esbuild')('code in a context of its own is not executed again', async (t) => {
  const place = folder(t)
  const bundle = place.file('out/daimon.cjs')
  const flags = ['--bundle', '--platform=node', '--format=cjs', `--outfile=${bundle}`]
  t.is(spawnSync(join(ROOT, 'node_modules/.bin/esbuild'), [TRIES, ...flags]).status, 0)
  for (const name of readdirSync(join(ROOT, 'native')).filter((name) => name.endsWith('.node')))
    cpSync(join(ROOT, 'native', name), join(dirname(bundle), name))
  place.write(
    'main.cjs',
    `const vm = require('node:vm')
     const code = require('node:fs').readFileSync('out/daimon.cjs', 'utf8')
     const globals = { process, Buffer, URL, performance, setImmediate, setTimeout, clearTimeout }
     const context = vm.createContext(globals)
     const bundle = { exports: {} }
     const wrap = '(function (require, module, exports, __filename) {' + code + '\\n})'
     vm.runInContext(wrap, context)(require, bundle, bundle.exports, ${JSON.stringify(bundle)})
     bundle.exports.tries()`,
  )
  t.like(await place.node(['main.cjs']), { code: 0, stderr: '' })
  isRefused(t, place, 'a context of its own')
})

for (const path of ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']) {
  test.serial(`the main module ${path} is standard input`, async (t) => {
    const place = folder(t)
    const text = `import(${JSON.stringify(DAIMON)}).then(({ daemonize }) => daemonize({ pidFile: 'a.pid' })).catch(
      ({ code, option, message }) => console.log(code, option, message))`
    place.write('a.cjs', text)
    const line = ['-c', 'exec "$0" "$1" < a.cjs', process.execPath, path]
    const { stdout, stderr } = await place.command('sh', line)
    t.regex(stdout, /^ERR_DAEMON_INVALID_OPTION script .* came from standard input/, stderr)
  })
}
