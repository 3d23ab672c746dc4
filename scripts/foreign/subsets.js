// The tests that stand for all where every process takes a second to start: launch, lock, identity, signals, readiness,
// the ends, and the log; what only the facade's own code decides is left to the native runs.
const files = (names) => names.map((name) => `__test__/${name}.test.js`)

export const CORE = files([
  'binding',
  'daemonize',
  'errors',
  'foreground',
  'launcher-death',
  'logs-reopen',
  'logs-rotation',
  'one-instance',
  'pidfile',
  'pidfile-verbs',
  'privileges',
  'restart',
  'script-body',
  'signals',
  'start',
  'start-failures',
  'status',
  'stop',
  'waits',
])

/**
 * Of these the ones that show that a binary works, where both halves of its platform, the processor and the C library,
 * have been tested in others.
 */
export const ESSENTIAL = files([
  'binding',
  'daemonize',
  'foreground',
  'pidfile-verbs',
  'signals',
  'start',
  'status',
  'stop',
])
