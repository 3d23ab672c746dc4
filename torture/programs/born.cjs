// Preloaded by every daemon of the storm, before its body: so that each process that may hold the lock is known. It
// hears the signal of the storm, because the system's default for that signal is the end.
const { born, journal } = require('./journal.cjs')

const folder = process.env.STORM_RECORDS
journal(folder, 'born', { born })
process.on('SIGUSR2', () => journal(folder, 'heard', { born }))
