/** The system calls that the children of a launch make before they execute the program, as strace sees them. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What each child may call: the documentation of `crates/core/src/launch/child.rs` has the same list. */
export const FIRST = ['setsid', 'clone', 'write', 'exit']
export const SECOND = [
  ...['rt_sigaction', 'umask', 'chdir', 'dup3', 'close_range', 'openat', 'getdents64', 'close', 'getpid'],
  ...[
    'pwrite64',
    'fcntl',
    'setpriority',
    'prctl',
    'prlimit64',
    'rt_sigprocmask',
    'execve',
    'write',
    'exit_group',
  ],
]

/** What a keeper's child may call that becomes a program of any kind: see `crates/core/src/launch/executable.rs`. */
export const EXECUTABLE = [
  ...SECOND,
  ...['getppid', 'setpgid', 'chroot', 'setgroups', 'setresgid', 'setresuid', 'setuid'],
]

/** The flags of such a clone, and no exit signal: nobody else makes one. */
const BIRTH = /^clone\(.*flags=CLONE_VM\|CLONE_VFORK\)\s+= (\d+)$/

/** The names of the calls in a trace, up to an execve that has worked. */
function callsOf(lines) {
  const last = lines.findIndex((line) => /^execve\(.*\)\s+= 0$/.test(line))
  const before = last < 0 ? lines : lines.slice(0, last + 1)
  return before.map((line) => /^(\w+)\(/.exec(line)?.[1]).filter((name) => name !== undefined)
}

/**
 * The launches in a trace of `strace -ff -o FOLDER/trace`: of each the calls of its first and its second child.
 *
 * A first child is born by the launcher, a second by a first.
 */
export function launchesIn(folder) {
  const { traces, births } = read(folder)
  const firsts = births.filter(({ parent }) => !births.some(({ child }) => child === parent))
  return firsts.map(({ child: first }) => {
    const second = births.find(({ parent }) => parent === first)?.child
    return {
      first: callsOf(traces.get(first) ?? []),
      second: second === undefined ? [] : callsOf(traces.get(second) ?? []),
    }
  })
}

/** The calls of the children of keepers, up to the exec of their programs: each is born by a second child. */
export function bodiesIn(folder) {
  const { traces, births } = read(folder)
  const parentOf = (pid) => births.find(({ child }) => child === pid)?.parent
  const ofKeepers = births.filter(({ parent }) => parentOf(parentOf(parent) ?? '') !== undefined)
  return ofKeepers.map(({ child }) => callsOf(traces.get(child) ?? []))
}

/** The lines of each process, and who was born by whom. */
function read(folder) {
  const traces = new Map()
  for (const name of readdirSync(folder).filter((one) => one.startsWith('trace.'))) {
    traces.set(name.slice('trace.'.length), readFileSync(join(folder, name), 'utf8').split('\n'))
  }
  const births = [...traces].flatMap(([pid, lines]) =>
    lines
      .map((line) => BIRTH.exec(line)?.[1])
      .filter(Boolean)
      .map((child) => ({ parent: pid, child })),
  )
  return { traces, births }
}

/** The calls of launches that are on no list. */
export function* strangersIn(launches) {
  for (const { first, second } of launches) {
    if (first.length === 0 || second.length === 0) yield 'a child is not in the trace'
    for (const name of new Set(first)) if (!FIRST.includes(name)) yield `the first child calls ${name}`
    for (const name of new Set(second)) if (!SECOND.includes(name)) yield `the second child calls ${name}`
  }
}
