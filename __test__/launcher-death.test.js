import test from 'ava'
import { alive, folder, kill, until } from './helpers/index.js'

/** A launcher whose daemon is not ready for ever, its event loop blocked; `up` holds the daemon's PID. */
const STUCK = `
import { writeFileSync } from 'node:fs'
import { Daemon } from "DAIMON"
const run = () => {
  writeFileSync('up.new', String(process.pid))
  process.getBuiltinModule('node:fs').renameSync('up.new', 'up')
  for (;;);
}
await new Daemon({ pidFile: 'a.pid', run }).start()
`

const SERVES = `
import { Daemon } from "DAIMON"
await new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) }).start()
process.stdout.write('started')
setInterval(() => {}, 1e6)
`

const exists = (place, name) => {
  try {
    return place.read(name)
  } catch {
    return undefined
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP']) {
  test.serial(
    `a launcher that ${signal} ends before ready takes its daemon along, however blocked`,
    async (t) => {
      const place = folder(t)
      const launcher = place.spawn([place.write('a.mjs', STUCK)])
      const pid = Number(await until(() => exists(place, 'up'), 'the body'))
      launcher.child.kill(signal)
      await launcher.done
      await until(() => !alive(pid), 'the end of the daemon')
      t.deepEqual(place.processes(), [])
    },
  )

  test.serial(`a launcher that ${signal} ends after ready leaves its daemon alone`, async (t) => {
    const place = folder(t)
    const launcher = place.spawn([place.write('a.mjs', SERVES)])
    await until(() => launcher.output().stdout === 'started', 'the start')
    launcher.child.kill(signal)
    await launcher.done
    const pid = Number(place.read('a.pid'))
    t.true(alive(pid))
    t.deepEqual(place.processes(), [pid])
  })
}

/** Runs a program on a terminal of its own, and closes that on a line of standard input. */
const TERMINAL = `
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
sys.stdin.readline()
os.close(master)
os.waitpid(pid, 0)
`

test.serial(
  'a terminal that closes before ready takes the daemon along, after ready it does not',
  async (t) => {
    for (const [source, survives] of [
      [STUCK, false],
      [SERVES, true],
    ]) {
      const place = folder(t)
      const program = place.write('a.mjs', source)
      const terminal = place.spawnCommand('python3', ['-c', TERMINAL, process.execPath, program])
      const name = survives ? 'a.pid' : 'up'
      const pid = Number(await until(() => exists(place, name)?.trim(), 'the daemon'))
      if (survives)
        await until(() => !exists(place, 'a.pid') || place.processes().length === 3, 'the launcher idles')
      terminal.child.stdin.end('\n')
      await terminal.done
      if (survives) t.true(alive(pid))
      else await until(() => !alive(pid), 'the end of the daemon')
    }
    t.pass()
  },
)

test.serial(
  'a launcher killed or stopped at any point leaves never two daemons and no lock that nobody holds',
  async (t) => {
    const place = folder(t)
    const program = place.write(
      'a.mjs',
      `import { Daemon } from "DAIMON"
     const d = new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) })
     if (Daemon.current === undefined) process.stdout.write('go')
     await d.start().catch(() => {})`,
    )
    for (let round = 0; round < 20; round++) {
      const launcher = place.spawn([program])
      await until(() => launcher.output().stdout === 'go', 'the launcher')
      // Somewhere within its launch, which takes some milliseconds: a random spot is what is wanted here.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 8))
      if (round % 2 === 0) kill(launcher.pid, 'SIGSTOP')
      kill(launcher.pid)
      await launcher.done
      const next = await place.node([program])
      t.is(next.stderr, '')
      const pid = Number(place.read('a.pid'))
      await until(() => place.processes().length === 1, 'one daemon')
      t.deepEqual(place.processes(), [pid])
      kill(pid)
      await until(() => !alive(pid), 'the end')
    }
  },
)
