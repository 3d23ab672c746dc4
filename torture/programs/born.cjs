// Preloaded by every daemon of the storm, before its body: so that each process that may hold the lock is known. It
// ignores the signal of the storm, because the system's default for that signal is the end.
const { born, journal } = require('./journal.cjs')

journal(process.env.STORM_RECORDS, 'born', { born })
process.on('SIGUSR2', () => {})
