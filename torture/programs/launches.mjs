// Starts and stops a daemon for each way in which the children of a launch go: with all that they can be asked for,
// with as little as possible, and with a program that cannot be executed. Arguments: the facade, a folder.
import { chmodSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [facade, folder] = process.argv.slice(2)
const { Daemon } = await import(facade)
const file = (name) => join(folder, name)
writeFileSync(file('idle.cjs'), 'setInterval(() => {}, 1e6)')
// No program, though it may be executed.
writeFileSync(file('broken'), '\x7fELF')
chmodSync(file('broken'), 0o755)

const least = { pidFile: file('a.pid'), script: file('idle.cjs'), cwd: '/' }
const all = {
  ...least,
  umask: 0o077,
  log: file('log'),
  nice: 1,
  noNewPrivileges: true,
  coreDumps: false,
  limits: { nofile: 512 },
  keepFds: [openSync('/dev/null')],
}
for (const options of [least, all]) {
  const daemon = new Daemon(options)
  await daemon.start()
  await daemon.stop()
}
const { code } = await new Daemon({ ...least, execPath: file('broken') }).start().catch((error) => error)
if (code !== 'ERR_DAEMON_START_FAILED') throw new Error(`the broken program: ${code}`)
