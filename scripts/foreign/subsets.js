// The tests to run where every process takes a second to start: launch, lock, identity, signals, readiness, the ways to
// end, and the log. Tests of code in the facade alone run natively only.
const files = (names) => names.map((name) => `__test__/${name}.test.js`)

export const CORE = files([
  'binding/binding',
  'launcher/daemonize',
  'binding/errors',
  'foreground/foreground',
  'launcher/launcher-death',
  'logs/reopen',
  'logs/rotation',
  'logs/rotation-owners',
  'launcher/one-instance',
  'pidfile/pidfile',
  'pidfile/verbs',
  'inside/chroot',
  'inside/drop-privileges',
  'inside/untrusted-paths',
  'inside/user-and-group',
  'control/restart',
  'inside/script-body',
  'inside/signals/actions',
  'inside/signals/hold-and-once',
  'inside/signals/stop-hooks',
  'inside/signals/while-starting',
  'launcher/start',
  'launcher/start-failures',
  'launcher/failing-exit-code',
  'launcher/failure-told',
  'control/status',
  'control/stop',
  'binding/waits',
])

/**
 * The tests of CORE that show that a binary works. They are enough for a platform whose processor and C library have
 * both been tested on other platforms.
 */
export const ESSENTIAL = files([
  'binding/binding',
  'launcher/daemonize',
  'foreground/foreground',
  'pidfile/verbs',
  'inside/signals/actions',
  'inside/signals/hold-and-once',
  'inside/signals/stop-hooks',
  'inside/signals/while-starting',
  'launcher/start',
  'control/status',
  'control/stop',
])

/** The life of a daemon on Windows, with each Node.js. */
export const WINDOWS_ESSENTIAL = files(['windows/life', 'windows/signals', 'handover/variable'])

/**
 * The tests for Windows, where wine runs them: its own, and those of other systems that have been seen to hold there as
 * they are. Of the rest many look at processes by /proc, send signals of Unix, run programs of Unix, or use what
 * Windows has nothing for; others have not been tried.
 */
export const WINDOWS_CORE = files([
  'windows/access',
  'windows/command',
  'windows/consoles',
  'windows/failures',
  'windows/foreground',
  'windows/life',
  'windows/paths',
  'windows/service',
  'windows/signals',
  'windows/stops',
  'windows/unsupported',
  'binding/is-whole',
  'binding/other-realm',
  'cli/unit-windows',
  'handover/variable',
  'inside/ready',
  'inside/signals/delivered',
  'inside/state',
  'launcher/environment-on-windows',
  'launcher/last-word',
  'options/absent',
  'options/signal-names',
  'options/table',
])
