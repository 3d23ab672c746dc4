// What the children of a launch do between clone and exec, held to a list of system calls.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { FIRST, launchesIn, SECOND, strangersIn } from '../../torture/lib/between.js'
import { DAIMON, folder, ROOT } from '../helpers/index.js'
import { needs } from '../helpers/needs.js'

needs('strace')(
  'between clone and exec the children make the system calls of their list alone',
  async (t) => {
    const place = folder(t)
    mkdirSync(place.file('traces'))
    const program = [join(ROOT, 'torture/programs/launches.mjs'), DAIMON, place.path]
    const trace = ['-ff', '-qq', '-o', place.file('traces/trace'), process.execPath, ...program]
    t.like(await place.command('strace', trace), { code: 0, stderr: '' })
    const launches = launchesIn(place.file('traces'))
    t.is(launches.length, 3)
    t.deepEqual([...strangersIn(launches)], [])
    // The trace has seen both children from their birth on, and the failed exec.
    const broken = launches.find(({ second }) => second.at(-1) !== 'execve')
    const all = launches.find(({ second }) => second.includes('setpriority'))
    const least = launches.find((one) => one !== broken && one !== all)
    t.deepEqual(least.first, ['setsid', 'clone', 'exit'])
    t.is(least.second.at(-1), 'execve')
    for (const name of ['dup3', 'fcntl', 'getpid', 'pwrite64', 'rt_sigaction', 'rt_sigprocmask', 'umask']) {
      t.true(least.second.includes(name), name)
    }
    for (const name of ['prctl', 'prlimit64']) t.true(all.second.includes(name), name)
    t.deepEqual(broken.second.slice(-3), ['execve', 'write', 'exit_group'])
  },
)

test('the list is that of the documentation of the code', (t) => {
  const text = readFileSync(join(ROOT, 'crates/core/src/launch/child.rs'), 'utf8')
  const [, listed] = /calls of `sys::child` alone, which on Linux are raw system calls \(([^)]+)\)/.exec(text)
  const names = [...listed.replaceAll('///', '').matchAll(/`(\w+)`/g)].map(([, name]) => name)
  const told = { pwrite: 'pwrite64', prlimit: 'prlimit64', _exit: 'exit_group' }
  t.deepEqual(names.map((name) => told[name] ?? name).sort(), [...SECOND].sort())
  const [, ofFirst] = /its system calls \(([^)]+)\) are raw ones/.exec(text) ?? []
  t.deepEqual([...(ofFirst ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name).sort(), [...FIRST].sort())
})
