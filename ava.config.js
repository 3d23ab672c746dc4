export default {
  files: ['__test__/**/*.test.js', '!__test__/published/**'],
  // The tests start and signal real processes: each file gets a process of its own, not a thread.
  workerThreads: false,
  concurrency: 2,
  timeout: '120s',
  verbose: true,
}
