// What a keeper's child does between clone and exec to become a program, held to a list of system calls.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { bodiesIn, EXECUTABLE, SECOND } from '../../torture/lib/between.js'
import { DAIMON, fixture, folder, freePort, ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

const isRoot = process.geteuid?.() === 0

needs('strace')('between clone and exec the child makes the system calls of its list alone', async (t) => {
  const place = folder(t)
  mkdirSync(place.file('traces'))
  const port = String(await freePort())
  const program = [fixture('keeper/programs.mjs'), DAIMON, place.path, port, ...(isRoot ? ['root'] : [])]
  const trace = ['-ff', '-qq', '-o', place.file('traces/trace'), process.execPath, ...program]
  t.like(await place.command('strace', trace), { code: 0, stderr: '' })
  const bodies = bodiesIn(place.file('traces'))
  t.is(bodies.length, 3)
  for (const calls of bodies) {
    const strangers = calls.filter((name) => !EXECUTABLE.includes(name))
    t.deepEqual(strangers, [])
  }
  const broken = bodies.find((calls) => calls.at(-1) !== 'execve')
  const all = bodies.find((calls) => calls.includes('prlimit64') && calls.includes('setpriority'))
  const least = bodies.find((calls) => calls !== broken && calls !== all)
  t.deepEqual(least.slice(0, 3), ['prctl', 'getppid', 'setpgid'])
  t.is(least.at(-1), 'execve')
  if (isRoot) {
    // The tie to the keeper is made again after the change of user.
    const ids = ['setgroups', 'setresgid', 'setresuid', 'setuid']
    const order = ['chroot', 'prctl', ...ids, 'prctl', 'getppid', 'getpid']
    const found = all.slice(all.indexOf('chroot'))
    t.deepEqual(
      found.filter((name) => order.includes(name)),
      order,
    )
  }
  t.deepEqual(broken.slice(-3), ['execve', 'write', 'exit_group'])
})

test('the list is that of the documentation of the code', (t) => {
  const text = readFileSync(join(ROOT, 'crates/core/src/launch/executable.rs'), 'utf8')
  const [, listed] = /beside that one's calls it makes([^;.]+), on Linux/.exec(text)
  const names = [...listed.replaceAll('///', '').matchAll(/`(\w+)`/g)].map(([, name]) => name)
  t.deepEqual(names.sort(), EXECUTABLE.filter((name) => !SECOND.includes(name)).sort())
})
