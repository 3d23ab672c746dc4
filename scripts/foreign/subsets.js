// The tests that stand for all where every process takes a second to start: launch, lock, identity, signals, readiness,
// the ends, and the log; what only the facade's own code decides is left to the native runs.
const files = (names) => names.map((name) => `__test__/${name}.test.js`)

export const CORE = files([
  'binding/binding',
  'launcher/daemonize',
  'binding/errors',
  'foreground/foreground',
  'launcher/launcher-death',
  'logs/reopen',
  'logs/rotation',
  'launcher/one-instance',
  'pidfile/pidfile',
  'pidfile/verbs',
  'inside/privileges',
  'control/restart',
  'inside/script-body',
  'inside/signals/signals',
  'launcher/start',
  'launcher/start-failures',
  'control/status',
  'control/stop',
  'binding/waits',
])

/**
 * Of these the ones that show that a binary works, where both halves of its platform, the processor and the C library,
 * have been tested in others.
 */
export const ESSENTIAL = files([
  'binding/binding',
  'launcher/daemonize',
  'foreground/foreground',
  'pidfile/verbs',
  'inside/signals/signals',
  'launcher/start',
  'control/status',
  'control/stop',
])
