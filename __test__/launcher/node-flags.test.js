import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import {
  absoluteExecArgv,
  absoluteNodeOptions,
  hasEvalFlag,
  scriptExecArgv,
  usesEsLoader,
} from '../../build/launcher/node-flags.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'daimon exec "argv" é-')))
test.after.always(() => rmSync(folder, { recursive: true, force: true }))

const file = (path, text = '') => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
const manifest = (name, value) =>
  file(`node_modules/${name}/package.json`, JSON.stringify({ name, ...value }))
const at = (path) => join(folder, path)
const url = (path) => pathToFileURL(at(path)).href

file('hook.cjs')
file('hook.mjs')
file('plain.js')
manifest('old', { main: 'lib.js' })
file('node_modules/old/lib.js')
manifest('dual', {
  exports: {
    '.': { import: { types: './i.d.ts', default: './i.mjs' }, require: './r.cjs' },
    './hook': { browser: './b.js', import: './h.mjs' },
    './sub/*': { import: './deep/*.mjs', require: './deep/*.cjs' },
    './sub/private/*': null,
  },
})
for (const name of ['i.mjs', 'r.cjs', 'h.mjs', 'deep/x.mjs', 'deep/x.cjs', 'deep/private/x.cjs'])
  file(`node_modules/dual/${name}`)
manifest('@scope/sugar', { exports: { import: './s.mjs', default: './s.cjs' } })
file('node_modules/@scope/sugar/s.mjs')
file('node_modules/@scope/sugar/s.cjs')

const CASES = [
  ['a relative --require is a path', ['-r', './hook.cjs'], ['-r', at('hook.cjs')]],
  ['the long form too', ['--require', './hook.cjs'], ['--require', at('hook.cjs')]],
  ['the form with = keeps its form', ['--require=./hook.cjs'], [`--require=${at('hook.cjs')}`]],
  ['an extension may be missing', ['-r', './plain'], ['-r', at('plain.js')]],
  ['a bare --require is found in node_modules', ['-r', 'old'], ['-r', at('node_modules/old/lib.js')]],
  [
    'of a dual package --require has the file for require',
    ['-r', 'dual'],
    ['-r', at('node_modules/dual/r.cjs')],
  ],
  ['a relative --import is a URL', ['--import', './hook.mjs'], ['--import', url('hook.mjs')]],
  ['also with =', ['--import=./hook.mjs'], [`--import=${url('hook.mjs')}`]],
  ['a query stays', ['--import', './hook.mjs?x=1'], ['--import', `${url('hook.mjs')}?x=1`]],
  [
    'of a dual package --import has the file for import',
    ['--import', 'dual'],
    ['--import', url('node_modules/dual/i.mjs')],
  ],
  [
    'an entry for import alone is found',
    ['--import', 'dual/hook'],
    ['--import', url('node_modules/dual/h.mjs')],
  ],
  [
    'a pattern in exports is followed',
    ['--import', 'dual/sub/x'],
    ['--import', url('node_modules/dual/deep/x.mjs')],
  ],
  [
    'a scoped package with one export is found',
    ['--import', '@scope/sugar'],
    ['--import', url('node_modules/@scope/sugar/s.mjs')],
  ],
  ['a package without exports is found', ['--import', 'old'], ['--import', url('node_modules/old/lib.js')]],
  ['--loader is as --import', ['--loader', './hook.mjs'], ['--loader', url('hook.mjs')]],
  [
    '--experimental-loader too',
    ['--experimental-loader=old'],
    [`--experimental-loader=${url('node_modules/old/lib.js')}`],
  ],
  [
    'underscores are hyphens',
    ['--experimental_loader', './hook.mjs'],
    ['--experimental_loader', url('hook.mjs')],
  ],
  ['what exports exclude stays', ['--import', 'dual/sub/private/x'], ['--import', 'dual/sub/private/x']],
  [
    'what is nowhere stays',
    ['-r', 'nowhere', '--import=nowhere', '-r', './no.js'],
    ['-r', 'nowhere', '--import=nowhere', '-r', './no.js'],
  ],
  ['built-in modules stay', ['-r', 'fs', '--import', 'node:fs'], ['-r', 'fs', '--import', 'node:fs']],
  [
    'absolute paths and URLs stay',
    ['-r', '/x.js', '--import=data:text/javascript,1', '--import', 'file:///x.mjs'],
    ['-r', '/x.js', '--import=data:text/javascript,1', '--import', 'file:///x.mjs'],
  ],
  [
    'other flags stay',
    ['--enable-source-maps', '--conditions', 'dev', '--stack-size=900'],
    ['--enable-source-maps', '--conditions', 'dev', '--stack-size=900'],
  ],
  ['code stays', ['-e', 'require("./x")'], ['-e', 'require("./x")']],
  ['a flag without its value stays', ['--import'], ['--import']],
  ['what follows -- stays', ['--', '-r', './hook.cjs', '--inspect'], ['--', '-r', './hook.cjs', '--inspect']],
  [
    '--inspect is dropped',
    ['--inspect', '--inspect=0', '--inspect-brk', '--inspect-brk=1:2', '--inspect-wait', '-r', 'fs'],
    ['-r', 'fs'],
  ],
  [
    'an inspector value is dropped with its flag',
    ['--inspect-port', '0', '--debug-port', '1', '--inspect-publish-uid', 'http', '--x'],
    ['--x'],
  ],
  [
    'an inspector value with = is dropped alone',
    ['--inspect-port=0', '--debug-port=1', '--inspect-publish-uid=http', '--x'],
    ['--x'],
  ],
  ['underscores do not save the inspector', ['--inspect_brk', '--inspect_port', '0', '--x'], ['--x']],
  ['flags that only look alike stay', ['--inspector', '--no-inspect'], ['--inspector', '--no-inspect']],
  ['nothing is nothing', [], []],
]

for (const [name, given, expected] of CASES) {
  test(`execArgv: ${name}`, (t) => t.deepEqual(absoluteExecArgv(given, folder), expected))
}

test('execArgv: the given array is left as it is', (t) => {
  const given = Object.freeze(['--inspect', '-r', './hook.cjs'])
  t.notThrows(() => absoluteExecArgv(given, folder))
})

const OPTIONS = [
  ['only spaces separate', '  --a   --b\t--c ', '--a --b\t--c'],
  ['quotes group', '--title="a b" "--x"', '"--title=a b" --x'],
  ['quotes in the middle of a word join', '--ti"tle="x', '--title=x'],
  ['a backslash escapes within quotes', '--title="a \\" \\\\ \\z"', '"--title=a \\" \\\\ z"'],
  ['a backslash outside of quotes is itself', '--title=a\\b', '--title=a\\b'],
  ['an open quote leaves it all to Node', '--inspect "-r', '--inspect "-r'],
  ['an escape at the end leaves it all to Node', '--inspect "x\\', '--inspect "x\\'],
  ['the inspector is dropped', '--inspect-port 0 --inspect --x --debug-port=1', '--x'],
  ['nothing is nothing', '', ''],
]

for (const [name, given, expected] of OPTIONS) {
  test(`NODE_OPTIONS: ${name}`, (t) => t.is(absoluteNodeOptions(given, folder), expected))
}

test('NODE_OPTIONS: an absolute value stays the same when it is made absolute again', (t) => {
  const once = absoluteNodeOptions('--require ./hook.cjs --import=./hook.mjs -r old', folder)
  t.true(once.includes('\\"argv\\"'))
  t.is(absoluteNodeOptions(once, '/'), once)
})

test('NODE_OPTIONS: Node reads from another folder what was relative to this one', (t) => {
  file('te\\ll.cjs', 'console.log("told", __filename)')
  const value = absoluteNodeOptions('-r ./te\\ll.cjs', folder)
  const options = { cwd: '/', env: { ...process.env, NODE_OPTIONS: value }, encoding: 'utf8' }
  t.is(execFileSync(process.execPath, ['-e', ''], options), `told ${at('te\\ll.cjs')}\n`)
})

test('execArgv: Node itself imports the same file by name as we do', (t) => {
  file('node_modules/dual/i.mjs', 'console.log(import.meta.url)')
  const run = (execArgv, cwd) =>
    execFileSync(process.execPath, [...execArgv, '-e', ''], { cwd, encoding: 'utf8' })
  t.is(run(absoluteExecArgv(['--import', 'dual'], folder), '/'), run(['--import', 'dual'], folder))
})

for (const flags of [
  ['-e', '1'],
  ['--eval', '1'],
  ['--eval=1'],
  ['-p', '1'],
  ['--print', '1'],
  ['--print=1'],
  ['-pe', '1'],
  ['-r', 'x', '-e', '1'],
]) {
  test(`${flags.join(' ')} is code on the command line`, (t) => t.true(hasEvalFlag(flags)))
}

for (const flags of [
  [],
  ['--enable-source-maps'],
  ['--preserve-symlinks'],
  ['-r', './e.js'],
  ['--import=-e'],
]) {
  test(`[${flags.join(' ')}] has no code on the command line`, (t) => t.false(hasEvalFlag(flags)))
}

const FOR_A_SCRIPT = [
  ['code', ['-e', '1', '--eval', '1', '--eval=1', '-p', '1', '--print=1', '-pe', '1', '-p', '-e', '1']],
  ['the REPL', ['-i', '--interactive']],
  ['the format of code', ['--input-type', 'module', '--input-type=module', '--input_type', 'module']],
  [
    'test runs',
    ['--test', '--test-only', '--test-timeout', '9', '--test-reporter=x', '--experimental-test-coverage'],
  ],
  ['watching', ['--watch', '--watch-path', '.', '--watch-path=.', '--watch-preserve-output']],
]

for (const [name, flags] of FOR_A_SCRIPT) {
  test(`a script is not given the flags of ${name}, nor their values`, (t) => {
    t.deepEqual(scriptExecArgv(['-r', 'x', ...flags, '--no-warnings']), ['-r', 'x', '--no-warnings'])
    t.deepEqual(scriptExecArgv(flags), [])
  })
}

test('a script is given all other flags', (t) => {
  const flags = [
    '-r',
    '--x',
    '--import=--test',
    '--conditions',
    'watch',
    '--testing',
    '--no-test',
    '/bin.js',
    '-T',
  ]
  t.deepEqual(scriptExecArgv(flags), flags)
})

for (const flag of [
  '--import',
  '--loader=x',
  '--experimental-loader',
  '--experimental_loader=x',
  '--experimental-default-type=module',
  '--experimental-default-config-file',
  '--experimental-config-file=x',
]) {
  test(`${flag} puts the ES module loader in charge, on the command line and in NODE_OPTIONS`, (t) => {
    t.true(usesEsLoader(['--x', flag]))
    t.true(usesEsLoader([], `--title="a b" ${flag}`))
  })
}

test('other flags do not', (t) => {
  t.false(usesEsLoader(['-r', 'import', '--importer'], '"--title=--import x"'))
  t.false(usesEsLoader([], undefined))
})
