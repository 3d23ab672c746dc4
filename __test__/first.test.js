import { readFileSync } from 'node:fs'
import test from 'ava'
import { Daemon } from '../dist/index.js'
import { alive, fixture, folder, freePort, stat } from './helpers/index.js'

test.serial('a plain script becomes a daemon, answers and is stopped', async (t) => {
  const { file, processes } = folder(t)
  const port = await freePort()
  const daemon = new Daemon({ pidFile: file('a.pid'), script: fixture('plain.js'), scriptArgs: [String(port)] })
  const { pid } = await daemon.start()
  t.is(readFileSync(file('a.pid'), 'utf8'), `${pid}\n`)
  t.is(await (await fetch(`http://127.0.0.1:${port}`)).text(), String(pid))
  t.not(stat(pid).session, pid)
  t.like(await daemon.stop(), { state: 'stopped', wasRunning: true, forced: false })
  t.false(alive(pid))
  t.deepEqual(processes(), [])
})
