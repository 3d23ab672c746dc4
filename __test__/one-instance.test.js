import { readFileSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../dist/index.js'
import { alive, folder, until } from './helpers/index.js'

test.serial(
  'of many starts at once exactly one succeeds, the others name it, while the status is polled',
  async (t) => {
    const place = folder(t)
    const program = place.write(
      'a.mjs',
      `import { Daemon } from "DAIMON"
     const d = new Daemon({ pidFile: 'a.pid', run: () => void setInterval(() => {}, 1e6) })
     await d.start().then(
       ({ pid }) => console.log('started', pid),
       ({ code, pid }) => console.log(code, pid),
     )`,
    )
    const control = new Daemon({ pidFile: place.file('a.pid') })
    for (let round = 0; round < 6; round++) {
      let polling = true
      const seen = new Set()
      const poll = (async () => {
        while (polling) {
          const { state, pid } = await control.status()
          if (state === 'running') seen.add(pid)
          try {
            readFileSync(place.file('a.pid'))
          } catch {}
          await new Promise(setImmediate)
        }
      })()
      const runs = await Promise.all(Array.from({ length: 8 }, () => place.node([program])))
      polling = false
      await poll
      const answers = runs.map(({ stdout, stderr }) => stdout.trim() || stderr)
      const started = answers.filter((answer) => answer.startsWith('started'))
      t.is(started.length, 1, answers.join('\n'))
      const pid = Number(started[0].split(' ')[1])
      const refused = answers.filter((answer) => answer === `ERR_DAEMON_ALREADY_RUNNING ${pid}`)
      t.is(refused.length, 7, answers.join('\n'))
      t.deepEqual(place.processes(), [pid])
      t.deepEqual(
        [...seen, pid].filter((other) => other !== pid),
        [],
      )
      await control.stop()
      t.false(alive(pid))
    }
  },
)

test.serial('two starts at once in one process are two starts', async (t) => {
  const place = folder(t)
  const script = place.write('a.mjs', 'setInterval(() => {}, 1e6)')
  const daemon = new Daemon({ pidFile: place.file('a.pid'), script })
  const results = await Promise.allSettled([daemon.start(), daemon.start(), daemon.start()])
  t.is(results.filter(({ status }) => status === 'fulfilled').length, 1)
  t.is(results.filter(({ reason }) => reason?.code === 'ERR_DAEMON_ALREADY_RUNNING').length, 2)
})

test.serial(
  'a daemon deleted from under its pidfile does not remove the file of its successor',
  async (t) => {
    const place = folder(t)
    const script = place.write('a.mjs', 'setInterval(() => {}, 1e6)')
    const daemon = new Daemon({ pidFile: place.file('a.pid'), script })
    const first = await daemon.start()
    const { rmSync } = await import('node:fs')
    rmSync(place.file('a.pid'))
    const second = await daemon.start()
    process.kill(first.pid, 'SIGTERM')
    await until(() => !alive(first.pid), 'the end of the first')
    t.is(place.read('a.pid'), `${second.pid}\n`)
    t.like(await daemon.status(), { state: 'running', pid: second.pid })
  },
)
