// Consoles: what a daemon and its children have of them, and what becomes of it when one is used or closed.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { alive, content, fixture, folder, kill, until } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'
import { control } from '../helpers/windows-daemons.js'

const CONSOLE = fixture('windows/console.ps1')
const POWERSHELL = ['-NoProfile', '-ExecutionPolicy', 'Bypass', '-File', CONSOLE]

/** Starts a script in a console of its own, lets it come so far, and does that to the console. Gives its PID. */
async function inConsole(t, place, what, script) {
  const go = place.file('go')
  const user = place.spawnCommand('powershell', [...POWERSHELL, what, process.execPath, script, go])
  t.teardown(() => kill(user.pid))
  const isUp = () => existsSync(place.file('up')) && /^\d+\s/.test(user.output().stdout)
  await until(() => isUp() || user.child.exitCode !== null, 'the script is up')
  if (!isUp()) throw new Error(JSON.stringify(await user.done))
  const pid = Number(user.output().stdout)
  place.write('go', '')
  await until(() => !alive(pid), `its end by ${what}`)
  return pid
}

needs('real Windows')('a child of a daemon that knows nothing of windows opens none', async (t) => {
  const place = folder(t)
  const [script, seen] = [fixture('windows/looks-at-console.mjs'), place.file('seen')]
  // So would a daemon without a console: the test sees windows.
  const without = spawn(process.execPath, [script, CONSOLE, seen], { detached: true, stdio: 'ignore' })
  t.teardown(() => kill(without.pid))
  t.is((await until(() => content(seen), 'its child')).trim(), 'True')
  const ours = place.file('ours')
  const daemon = control(place, { script, scriptArgs: [CONSOLE, ours] })
  await daemon.start()
  t.is((await until(() => content(ours), "the daemon's child")).trim(), 'False')
  await daemon.with({ stopTimeout: 100 }).stop()
})

for (const what of ['ctrl-c', 'ctrl-break', 'close']) {
  needs('real Windows')(
    `${what} in the console of a launcher ends it, and its daemon hears nothing`,
    async (t) => {
      const place = folder(t)
      await inConsole(t, place, what, fixture('windows/launches-hearer.mjs'))
      t.like(await control(place).status(), { state: 'running', starting: false })
      await control(place).signal('SIGHUP')
      // What was sent before would be there before.
      await until(() => content(place.file('heard')), 'the signal that was sent')
      t.is(place.read('heard'), 'SIGHUP 1\n')
      t.like(await control(place, { stopTimeout: 1_000 }).stop(), { wasRunning: true })
    },
  )
}

for (const [what, signal] of [
  ['ctrl-c', 'SIGINT'],
  ['ctrl-break', 'SIGBREAK'],
  ['close', 'SIGHUP'],
]) {
  needs('real Windows')(`${what} in the console of a foreground stops it by its hooks`, async (t) => {
    const place = folder(t)
    await inConsole(t, place, what, fixture('windows/in-foreground.mjs'))
    t.is(content(place.file('heard')), `${signal}\n`)
    t.like(await control(place).status(), { state: 'stopped', stale: false })
  })
}
