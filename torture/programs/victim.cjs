// The body of a daemon that nobody may reach: it tells of each signal. Arguments: the file for that.
const { appendFileSync } = require('node:fs')

const [file] = process.argv.slice(2)
for (const name of ['SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGTERM', 'SIGWINCH']) {
  process.on(name, () => appendFileSync(file, `${name}\n`))
}
setInterval(() => {}, 1e6)
