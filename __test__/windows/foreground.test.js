// foreground() and `with`: the program itself is the daemon.
import test from 'ava'
import { body, control, program, SAYS, started } from '../helpers/foreground.js'
import { folder } from '../helpers/index.js'

test.serial('a program in the foreground is the daemon, hears signals, and stops by its hooks', async (t) => {
  const place = folder(t)
  const running = await started(place, program(place))
  t.like(await control(place).status(), { state: 'running', pid: running.pid })
  await control(place).reload()
  t.like(await control(place).stop(), { wasRunning: true, forced: false })
  t.like(await running.done, { code: 0, stdout: 'ready\nreloads\nstops by SIGTERM\n', stderr: '' })
  t.like(await control(place).status(), { state: 'stopped', stale: false })
})

test.serial('nobody else starts meanwhile, in the foreground or beside it', async (t) => {
  const place = folder(t)
  const { pid } = await started(place, program(place))
  const tries = `const tell = ({ code, pid }) => console.log(code, pid)
     const daemon = new Daemon({ pidFile: 'a.pid', run() {} })
     await daemon.start().catch(tell)
     await daemon.foreground().catch(tell)`
  const { stdout } = await place.node([body(place, tries, 'b.mjs')])
  t.is(stdout, `ERR_DAEMON_ALREADY_RUNNING ${pid}\n`.repeat(2))
  await control(place).stop()
})

test.serial('with() changes options of a copy alone', async (t) => {
  const place = folder(t)
  await started(place, program(place, SAYS))
  const one = control(place)
  const other = one.with({ pidFile: place.file('b.pid') })
  t.like(await other.status(), { state: 'stopped' })
  t.like(await one.status(), { state: 'running' })
  await one.stop()
})
