/** What a part of the torture may need of a machine. */

import { spawnSync } from 'node:child_process'
import { release } from 'node:os'

const works = (file, ...args) => spawnSync(file, args, { stdio: 'ignore', timeout: 60_000 }).status === 0
const [major, minor] = release().split('.').map(Number)

const CHECKS = {
  root: () => process.geteuid() === 0,
  prlimit: () => works('prlimit', '--version'),
  setpriv: () => works('setpriv', '--version'),
  strace: () => works('strace', '-f', '-o', '/dev/null', 'true'),
  mknod: () => works('sh', '-c', 'd=$(mktemp -d) && mknod "$d/n" c 1 3; s=$?; rm -rf "$d"; exit $s'),
  'mount namespaces': () => works('unshare', '-m', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'),
  // Before Linux 5.8 all mounts of a PID namespace's /proc share their options: it would hide the machine's, too.
  'a hidepid of its own': () => major > 5 || (major === 5 && minor >= 8),
}

const answers = new Map()

/** Which of these are missing here. @param given answers that are known */
export function missing(needs, given = {}) {
  return needs.filter((need) => {
    if (need in given) return !given[need]
    if (!answers.has(need)) answers.set(need, CHECKS[need]())
    return !answers.get(need)
  })
}
