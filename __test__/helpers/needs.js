/** Tests that this machine cannot run are skipped by name, with the reason. */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { join } from 'node:path'
import test from 'ava'
import { EMULATED, ROOT } from './index.js'
import { REDIS } from './redis.js'
import { ON_WINDOWS } from './windows-processes.js'

const works = (file, ...args) => spawnSync(file, args, { stdio: 'ignore', timeout: 60_000 }).status === 0
const [major, minor] = process.versions.node.split('.').map(Number)

/** Whether this process has the capability of that number, capabilities(7). */
function capability(number) {
  const set = readFileSync('/proc/self/status', 'utf8').match(/^CapEff:\s*(\w+)$/m)[1]
  return (BigInt(`0x${set}`) >> BigInt(number)) % 2n === 1n
}

const OVERLAY =
  'mount -t tmpfs tmpfs /mnt && mkdir /mnt/l /mnt/u /mnt/w /mnt/m && ' +
  'mount -t overlay overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w /mnt/m'

const CHECKS = {
  /** Wine has no consoles as Windows has them, no access rights, and no other machines. */
  'real Windows': () => ON_WINDOWS && !EMULATED,
  administrator: () => works('net', 'session'),
  'signals of Unix': () => !ON_WINDOWS,
  'file modes': () => !ON_WINDOWS,
  'programs of Unix': () => !ON_WINDOWS,
  'limits of Unix': () => !ON_WINDOWS,
  'errno of Unix': () => !ON_WINDOWS,
  /** A daemon's output is kept for an error where it has no log, too. */
  'output without a log': () => !ON_WINDOWS,
  'rotation by size': () => !ON_WINDOWS,
  /** A carriage return is part of a line. */
  'line feeds alone': () => !ON_WINDOWS,
  'removal of open files': () => !ON_WINDOWS,
  /** A log that is a link is refused. */
  'links that are refused': () => !ON_WINDOWS,
  /** Windows lets administrators alone make them. */
  links: () => !ON_WINDOWS,
  /** The one that is published: a build for this machine alone has its C library beside it. */
  'static keeper': () => !ON_WINDOWS && !readFileSync(join(ROOT, 'native/daimon-keeper')).includes('/ld-'),
  /** The folder of a test fits into a line of 80 columns. */
  'short paths': () => !ON_WINDOWS,
  // wine's drive Z: has one, of the machine's processes.
  '/proc': () => !ON_WINDOWS && existsSync('/proc/self/task'),
  root: () => process.geteuid?.() === 0,
  /** Files of sockets, modes, signals of the kernel, limits. */
  Unix: () => !ON_WINDOWS,
  /** Root of a container may lack it. */
  CAP_SYS_RESOURCE: () => process.platform === 'linux' && capability(24),
  // Under qemu-user a process has a thread of the emulator's, which keeps root's rights, and a signal that is ignored;
  // the limits of its memory are not set, and its own /proc/self/stat is made up. Under wine all takes its time.
  'processor of its own': () => !EMULATED,
  // That of this machine, or what scripts/test.js has installed.
  'redis-server': () => works(REDIS, '--version'),
  python3: () => works('python3', '-c', 'import fcntl'),
  'systemd-analyze': () => works('systemd-analyze', '--version'),
  // A container may forbid ptrace(2).
  strace: () => works('strace', '-f', '-o', '/dev/null', 'true'),
  setpriv: () => works('setpriv', '--version'),
  logrotate: () => works('logrotate', '--version'),
  git: () => works('git', '--version'),
  cargo: () => works('cargo', '--version'),
  bash: () => works('bash', '--version'),
  // busybox has smaller ones of these.
  setsid: () => works('setsid', '-f', 'true'),
  nice: () => /^\d+\n$/.test(spawnSync('nice', { encoding: 'utf8' }).stdout),
  nohup: () => works('nohup', 'true'),
  // Programs of this machine's architecture and C library, which Node's may be another than.
  esbuild: () => works(join(ROOT, 'node_modules/.bin/esbuild'), '--version'),
  rollup: () => works(join(ROOT, 'node_modules/.bin/rollup'), '--version'),
  tsc: () => works(join(ROOT, 'node_modules/.bin/tsc'), '--version'),
  zsh: () => works('zsh', '--version'),
  fish: () => works('fish', '--version'),
  prlimit: () => works('prlimit', '--version'),
  mknod: () => works('sh', '-c', 'd=$(mktemp -d) && mknod "$d/n" c 1 3; s=$?; rm -rf "$d"; exit $s'),
  'mount namespaces': () => works('unshare', '-m', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'),
  'user namespaces': () => works('unshare', '-Ur', 'sh', '-c', 'echo 0 > /proc/sys/user/max_inotify_watches'),
  'overlay mounts': () => works('unshare', '-m', 'sh', '-c', OVERLAY),
  'PID namespaces': () => works('unshare', '-pf', '--mount-proc', 'true'),
  'await using': () => major >= 24,
  // Node.js 20 takes none of these flags there.
  'permissions in NODE_OPTIONS': () => major >= 22,
  // Of Node.js 25.5 and later.
  '--build-sea': () => major > 25 || (major === 25 && minor >= 5),
  '--entry-url': () => major > 22 || (major === 22 && minor >= 10),
  // Of Node.js 22.1 and later.
  'compile cache': () => typeof nodeModule.enableCompileCache === 'function',
  'type stripping': () => major > 22 || (major === 22 && minor >= 18),
}

const answers = new Map()

function has(need) {
  if (!answers.has(need)) answers.set(need, CHECKS[need]())
  return answers.get(need)
}

/** `needs('root', 'python3')(title, body)`: a serial test, skipped where one of them is missing. */
export function needs(...all) {
  const missing = all.filter((need) => !has(need))
  if (missing.length === 0) return test.serial
  return (title, body) => test.serial.skip(`${title} (skipped: no ${missing.join(', no ')} here)`, body)
}
