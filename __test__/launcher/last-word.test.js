// What the end of the output tells of a daemon that could not tell it itself.
import test from 'ava'
import { lastWord, shownLines } from '../../build/launcher/last-word.js'

const TRACE = [
  '----- Native stack trace -----',
  '',
  ' 1: 0xb78db3 node::Something(char const*) [node]',
  ' 2: 0xee8300  [node]',
]
const FRAMES = [
  '',
  '----- JavaScript stack trace -----',
  '',
  '1: main (file:///srv/web.js:3:9)',
  '2: node:internal/x:1:1',
  '',
  '',
]

const WORDS = {
  'out of memory': [
    [
      '',
      '<--- Last few GCs --->',
      '',
      '[1:0x2] 144 ms: Mark-Compact',
      '',
      '<--- JS stacktrace --->',
      '',
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      ...TRACE,
    ],
    ': FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  ],
  "an assertion of Node's": [
    [
      '',
      '  #  node[12]: void node::fs::Open(x) at ../src/node_file.cc:2112',
      '  #  Assertion failed: (argc) >= (3)',
      '',
      ...TRACE,
      ...FRAMES,
    ],
    ': Assertion failed: (argc) >= (3) (node[12]: void node::fs::Open(x) at ../src/node_file.cc:2112)',
  ],
  "an assertion of V8's": [
    [
      '',
      '',
      '#',
      '# Fatal error in ../deps/v8/src/api.cc, line 42',
      '# Check failed: index >= 0.',
      '#',
      '#',
      '#',
      '#FailureMessage Object: 0x7ffc',
      ...TRACE,
    ],
    ': Fatal error in ../deps/v8/src/api.cc, line 42: Check failed: index >= 0.',
  ],
  'process.abort()': [
    ['about to serve', ...TRACE, ...FRAMES],
    ': it aborted at main (file:///srv/web.js:3:9), by process.abort() or in native code',
  ],
  'an abort without JavaScript': [
    ['about to serve', ...TRACE],
    ': it aborted, by process.abort() or in native code',
  ],
  'an exception in C++': [
    ["terminate called after throwing an instance of 'std::bad_alloc'", '  what():  std::bad_alloc'],
    ": terminate called after throwing an instance of 'std::bad_alloc' what():  std::bad_alloc",
  ],
  'a panic in Rust': [
    ["thread '<unnamed>' panicked at src/lib.rs:1:2:", 'no luck', 'note: run with `RUST_BACKTRACE=1`'],
    ": thread '<unnamed>' panicked at src/lib.rs:1:2: no luck",
  ],
  'an error': [['x', 'TypeError: no', '    at y (z:1:2)', '', 'Node.js v20.20.2'], ': TypeError: no'],
  'a last line': [['first', 'last', ''], '; the last line of its output: last'],
}

for (const [what, [lines, word]] of Object.entries(WORDS)) {
  test(`${what} is told by what it says first`, (t) => {
    t.is(lastWord(lines.join('\n')), word)
  })
}

test('nothing is nothing', (t) => {
  t.is(lastWord(undefined), '')
  t.is(lastWord('\n \n'), '')
})

test('of a log that is too long its end is shown, and of an abort its beginning', (t) => {
  const lines = (count, word) => Array.from({ length: count }, (_, at) => `${word} ${at}`)
  t.deepEqual(shownLines(lines(3, 'a')), lines(3, 'a'))
  t.deepEqual(shownLines(lines(50, 'a')), lines(50, 'a').slice(10))
  const fatal = 'FATAL ERROR: no memory'
  const aborted = [...lines(20, 'a'), fatal, ...TRACE, ...lines(60, 'frame')]
  t.is(shownLines(aborted).length, 40)
  t.is(shownLines(aborted)[0], fatal)
  t.is(shownLines([...lines(60, 'a'), fatal, 'end'])[39], 'end')
})
