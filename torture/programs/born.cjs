// Preloaded by every daemon of the storm, before its body: so that each process that may hold the lock is known, with
// the launch that has made it. It ignores the signal of the storm, because the system's default for that signal is the
// end.
const { born, journal } = require('./journal.cjs')

journal(process.env.STORM_RECORDS, 'born', { born, launch: process.env.STORM_LAUNCH })
process.on('SIGUSR2', () => {})
