/** Faults by limits of a process, setrlimit(2). */

import { freshUser } from './users.js'

const wrapped = (name, value, more) => ({
  name: `--${name}=${value}`,
  needs: ['prlimit'],
  wrap: (command) => ['prlimit', `--${name}=${value}`, '--', ...command],
  ...more,
})

const MB = 2 ** 20

export const limitFaults = () => [
  ...[16, 19, 20, 21, 22, 23, 24, 26, 28, 30, 32, 36].map((count) => wrapped('nofile', count)),
  ...[0, 8, 16, 20, 22, 24].map((count) => ({
    name: `the daemon's nofile=${count}`,
    inDaemon: true,
    options: (_, isFaulty) => (isFaulty ? { limits: { nofile: count } } : {}),
  })),
  ...[1, 11, 14, 18, 24].map((count) =>
    wrapped('nproc', count, { needs: ['root', 'prlimit', 'setpriv'], user: freshUser(), isShared: true }),
  ),
  ...[512, 800, 1_000, 2_000].map((size) => wrapped('as', size * MB)),
  ...[0, 3, 1_000].map((size) => wrapped('fsize', size, { losesLines: true })),
]
