import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, openSync, readdirSync, readlinkSync, writeSync } from 'node:fs'
import test from 'ava'
import { at, BIN, PLAIN } from '../helpers/cli.js'
import { body, control } from '../helpers/foreground.js'
import { alive, content, fixture, folder, freePort, kill, stat, until } from '../helpers/index.js'
import { environment, foreground, get, server, serving } from '../helpers/keeper.js'
import { needs } from '../helpers/needs.js'
import { terminal } from '../helpers/terminal.js'

test.serial(
  'the calling process becomes the keeper, with the same PID, and its promise never settles',
  async (t) => {
    const place = folder(t)
    const daemon = await foreground(place, [server(place), 'word'])
    t.is(daemon.status.pid, daemon.pid)
    t.is(place.read('a.pid'), `${daemon.pid}\n`)
    t.is(content(`/proc/${daemon.pid}/comm`), 'daimon-keeper\n')
    const first = await daemon.get()
    t.is(stat(Number(first)).ppid, daemon.pid)
    t.deepEqual(await serving(control(place)), [Number(first)])
    await t.throwsAsync(daemon.get('/exit'))
    const second = await daemon.get()
    t.not(second, first)
    const what = `daimon: the program (PID ${first}) has ended with the code 7`
    await until(() => daemon.output().stderr !== '')
    t.is(daemon.output().stderr, `${what}; it is started again now (respawn 1 of 10)\n`)
    await until(async () => (await control(place).status()).bodies?.[0].ready)
    t.is((await control(place).upgrade()).pid, daemon.pid)
    const third = await daemon.get()
    t.not(third, second)
    await until(() => !alive(Number(second)))
    t.like(await control(place).stop(), { wasRunning: true, forced: false })
    const begins = 'begins 0 false given word\n'
    const stdout = `${begins.repeat(3)}stops upgrade undefined\nstops signal SIGTERM\n`
    t.like(await daemon.done, { code: 0, signal: null, stdout })
    t.false(existsSync(place.file('a.pid')))
    t.false(existsSync(place.file('a.ctl')))
    t.deepEqual(place.processes(), [])
  },
)

test.serial('output that nobody reads keeps the keeper from nothing', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const path = place.file('fifo')
  execFileSync('mkfifo', [path])
  const own = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const given = openSync(path, 'w')
  const env = { ...process.env, PORT: String(port) }
  const stdio = ['ignore', 'ignore', given]
  const keeper = spawn(process.execPath, [server(place)], { cwd: place.path, env, stdio })
  const ended = once(keeper, 'exit')
  t.teardown(() => keeper.kill('SIGKILL'))
  const first = await until(() => get({ port }).catch(() => false))
  // Before it is ready its end is that of the daemon.
  await until(async () => (await control(place).status()).starting !== true)
  const full = t.throws(() => {
    while (writeSync(own, Buffer.alloc(4_096)) > 0);
  })
  t.is(full.code, 'EAGAIN')
  kill(Number(first))
  t.not(await until(() => get({ port }).catch(() => false)), first)
  keeper.kill('SIGTERM')
  t.deepEqual(await ended, [0, null])
  closeSync(own)
  closeSync(given)
})

// A keeper shows its descriptors to root alone.
needs('root')('nothing of Node.js is left in it, and signals that were ignored are heard', async (t) => {
  const place = folder(t)
  const port = await freePort()
  const script = `trap '' TERM HUP CHLD; exec "$0" "$@"`
  const daemon = place.spawnCommand('sh', ['-c', script, process.execPath, server(place)], {
    env: { PORT: String(port) },
  })
  await until(() => daemon.output().stdout.includes('begins'))
  await until(async () => (await control(place).status()).starting !== true)
  // What the test itself was executed with is open in both.
  const isGiven = (fd, to) => link(process.pid, fd) === to
  const kinds = () =>
    readdirSync(`/proc/${daemon.pid}/fd`)
      .filter((fd) => Number(fd) > 2)
      .map((fd) => [fd, link(daemon.pid, fd)])
      .filter(([fd, to]) => to !== undefined && to !== place.file('a.pid') && !isGiven(fd, to))
      .map(([, to]) => to.replace(/:\[\d+\]$/, ''))
      .toSorted()
  const expected = [
    ...['anon_inode:[eventfd]', 'anon_inode:[eventpoll]', 'anon_inode:[pidfd]', 'anon_inode:[signalfd]'],
    // The control socket, the channel to the body, and the socket that it listens at.
    ...['socket', 'socket', 'socket'],
  ]
  // The connections of those who have asked for its status end soon.
  await until(() => kinds().length <= expected.length)
  t.deepEqual(kinds(), expected)
  t.is(readdirSync(`/proc/${daemon.pid}/task`).length, 1)
  t.deepEqual(
    environment(daemon.pid)
      .map((pair) => pair.split('=')[0])
      .filter(Boolean),
    ['DAIMON_ADOPTION'],
  )
  t.is(link(daemon.pid, 0), '/dev/null')
  await t.throwsAsync(get({ port, path: '/exit' }))
  t.regex(await get({ port }), /^\d+$/, 'its children are collected')
  process.kill(daemon.pid, 'SIGTERM')
  t.is((await daemon.done).code, 0)
})

function link(pid, fd) {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return undefined
  }
}

test.serial('nobody ever sees it without its PID', async (t) => {
  const place = folder(t)
  for (let round = 0; round < 3; round++) {
    const daemon = place.spawn([server(place)], { env: { PORT: String(await freePort()) } })
    const seen = new Set()
    for (let status; status?.state !== 'running' || status.starting === true; ) {
      status = await control(place).status()
      if (status.state === 'running' || seen.size > 0) seen.add(`${status.state} ${status.pid}`)
    }
    t.deepEqual([...seen], [`running ${daemon.pid}`])
    await control(place).stop()
    await daemon.done
  }
})

test.serial('daemonize() goes on in the bodies, with the arguments that it was given', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `import { createServer } from 'node:http'
     const daemon = await daemonize({
       pidFile: 'a.pid', detach: false, instances: 2, args: () => [new Date(0)], cwd: '/', log: 'a.log',
       env: { SEEN: 'yes', HIDDEN: undefined },
     })
     const { argv, env, execArgv } = process
     console.log(daemon.instance, daemon.args, argv.slice(2), env.SEEN, env.HIDDEN, process.cwd(), execArgv)
     createServer((_, response) => response.end(String(process.pid))).listen(Number(env.PORT), '127.0.0.1')`,
  )
  const env = { HIDDEN: 'no', NOTIFY_SOCKET: undefined }
  const daemon = await foreground(place, ['--no-warnings', path, 'a', 'b'], env)
  const line = (instance) =>
    `${instance} [ 1970-01-01T00:00:00.000Z ] [ 'a', 'b' ] yes undefined / [ '--no-warnings' ]\n`
  t.is(place.read('a.log'), line(0) + line(1))
  t.is(daemon.output().stdout, '')
  await control(place).stop()
  t.is((await daemon.done).code, 0)
})

test.serial('its end is that of the body that has ended it', async (t) => {
  const place = folder(t)
  for (const [options, end, expected] of [
    ["respawn: 'never'", ({ get }) => get('/exit'), { code: 7 }],
    ["respawn: 'never'", async ({ get }) => kill(Number(await get()), 'SIGABRT'), { signal: 'SIGABRT' }],
    ['respawn: { limit: 0 }', ({ get }) => get('/exit'), { code: 1 }],
  ]) {
    const daemon = await foreground(place, [server(place, options)])
    await end(daemon).catch(() => {})
    t.like(await daemon.done, expected)
    t.false(existsSync(place.file('a.pid')))
    t.deepEqual(place.processes(), [])
  }
})

test.serial('it ends with its program, and its program with it', async (t) => {
  const place = folder(t)
  const daemon = await foreground(place, [server(place)])
  const pid = Number(await daemon.get())
  process.kill(daemon.pid, 'SIGKILL')
  await until(() => !alive(pid))
  t.is((await daemon.done).signal, 'SIGKILL')
  const next = await foreground(place, [server(place)])
  t.not(next.pid, daemon.pid)
  await control(place).stop()
})

test.serial('the command runs a script so', async (t) => {
  const place = folder(t)
  const script = fixture('keeper/server.cjs')
  const args = [BIN, 'run', ...at(place), '--respawn', '--instances', '2', script]
  const daemon = await foreground(place, args, PLAIN)
  const pids = await serving(control(place))
  t.is(pids.length, 2)
  t.true(pids.includes(Number(await daemon.get())))
  await t.throwsAsync(daemon.get('/exit?code=3'))
  t.true(pids.includes(Number(await daemon.get())))
  await until(async () => (await control(place).status()).respawns === 1)
  process.kill(daemon.pid, 'SIGINT')
  t.is((await daemon.done).code, 0)
})

needs('python3')('Ctrl-C at its terminal stops the program, and a second one insists', async (t) => {
  const place = folder(t)
  const port = String(await freePort())
  const screen = terminal(place, [server(place)], { PORT: port, NO_COLOR: '1' })
  await screen.shows('begins 0')
  await until(async () => (await control(place).status()).starting !== true)
  screen.type('^C')
  const { shown, code } = await screen.end()
  t.is(shown, 'begins 0 false given\n^Cstops signal SIGINT\n')
  t.is(code, 0)

  const run = `daemon.onStop(() => { console.log('hangs'); return new Promise(() => {}) })
    console.log('stdin', process.stdin.isTTY)`
  const stubborn = terminal(place, [server(place, 'respawn: true', run)], { PORT: port, NO_COLOR: '1' })
  await stubborn.shows('stdin undefined')
  await until(async () => (await control(place).status()).starting !== true)
  stubborn.type('^C')
  await stubborn.shows('hangs')
  stubborn.type('^C')
  t.is((await stubborn.end()).code, 130)
})

test.serial('children of the program before it are collected', async (t) => {
  const place = folder(t)
  const path = body(
    place,
    `import { spawn } from 'node:child_process'
     const stdio = ['pipe', 'inherit', 'inherit']
     if (Daemon.current === undefined) spawn('sh', ['-c', 'echo $$; read line'], { stdio })
     await daemonize({ pidFile: 'a.pid', detach: false, respawn: true })
     console.log('serves')
     setInterval(() => {}, 1e6)`,
  )
  const daemon = place.spawn([path])
  await until(() => daemon.output().stdout.includes('serves'))
  const child = Number(/^\d+$/m.exec(daemon.output().stdout)?.[0])
  // Its input has ended with Node.js.
  await until(() => !existsSync(`/proc/${child}`))
  await control(place).stop()
  t.is((await daemon.done).code, 0)
})

test.serial('what is to be inherited is, under its number', async (t) => {
  const place = folder(t)
  const daemon = place.spawn([fixture('keeper/inherits.mjs')])
  await until(() => daemon.output().stdout !== '' || daemon.output().stderr !== '')
  t.deepEqual(daemon.output(), { stdout: 'serves\n', stderr: '' })
  t.is(place.read('kept'), 'written')
  await control(place).stop()
})
