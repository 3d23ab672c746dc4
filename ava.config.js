/** Of a daemon's life on Windows: elsewhere other files have these tests. */
const others = process.platform === 'win32' ? [] : ['!__test__/windows/**']

export default {
  files: ['__test__/**/*.test.js', '!__test__/published/**', ...others],
  // The tests start and signal real processes: each file gets a process of its own, not a thread.
  workerThreads: false,
  // One more than the two cores that most machines of CI have: tests wait for most of their time.
  concurrency: 3,
  timeout: '120s',
  verbose: true,
}
