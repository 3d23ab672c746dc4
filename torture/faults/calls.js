/** Faults of system calls, which a filter answers with an error number. */

/**
 * Calls beyond POSIX, which an old kernel lacks (ENOSYS) and a container's filter may forbid (EPERM); and where all
 * works without them.
 */
const BEYOND = {
  clone3: ['ENOSYS'],
  close_range: ['ENOSYS', 'EPERM'],
  epoll_create1: [],
  epoll_ctl: [],
  eventfd2: [],
  fallocate: ['ENOSYS', 'EPERM'],
  'fcntl(F_GETLK)': ['ENOSYS', 'EPERM'],
  'fcntl(F_SETLEASE)': ['ENOSYS', 'EPERM'],
  'fcntl(F_SETLK)': ['ENOSYS', 'EPERM'],
  fstatfs: ['ENOSYS', 'EPERM'],
  inotify_add_watch: ['ENOSYS', 'EPERM'],
  inotify_init1: ['ENOSYS', 'EPERM'],
  'ioctl(PIDFD_GET_INFO)': ['ENOSYS', 'EPERM'],
  memfd_create: ['ENOSYS', 'EPERM'],
  'openat(O_PATH)': [],
  pidfd_open: ['ENOSYS', 'EPERM'],
  // EPERM is also the answer for another user's process.
  pidfd_send_signal: ['ENOSYS'],
  prctl: ['ENOSYS', 'EPERM'],
  prlimit64: [],
  statfs: ['ENOSYS', 'EPERM'],
  statx: ['ENOSYS'],
}

/** Calls that we, the standard library and Node.js could make one day, and for which there must be another way then. */
const UNUSED = ['openat2', 'pidfd_getfd', 'renameat2', 'waitid(P_PIDFD)']

/** Shortages and refusals that are hard to bring about otherwise. */
const ANSWERS = {
  EAGAIN: ['clone(shared)', 'pidfd_send_signal'],
  EDQUOT: ['linkat', 'openat(O_CREAT)', 'pwrite64', 'rename'],
  EIO: ['fchmod', 'ftruncate', 'pwrite64', 'unlink'],
  EMFILE: ['inotify_init1', 'pidfd_open'],
  ENFILE: [
    'epoll_create1',
    'inotify_init1',
    'memfd_create',
    'openat(O_CREAT)',
    'pidfd_open',
    'pipe2',
    'socketpair',
  ],
  ENOLCK: ['fcntl(F_GETLK)', 'fcntl(F_SETLK)', 'flock'],
  ENOMEM: ['clone(shared)', 'pidfd_open'],
  ENOSPC: ['inotify_add_watch'],
  EPERM: [
    'dup3',
    'fchown',
    'flock',
    'kill',
    'rename',
    'setpriority',
    'setsid',
    'shutdown',
    'socketpair',
    'unlink',
  ],
}

const fault = (call, errno, works = false) => ({
  name: `${call} ${errno}`,
  needs: ['confine'],
  works,
  wrap: (command, confine) => [confine, `${call}=${errno}`, '--', ...command],
})

export const callFaults = () => [
  ...UNUSED.map((call) => fault(call, 'ENOSYS', true)),
  ...Object.entries(BEYOND).flatMap(([call, working]) =>
    ['EPERM', 'ENOSYS'].map((errno) => fault(call, errno, working.includes(errno))),
  ),
  ...Object.entries(ANSWERS).flatMap(([errno, calls]) => calls.map((call) => fault(call, errno))),
]
