/** The names of Windows' own errors, as libuv has them. Runs in both processes. */

/** `UNKNOWN`, as Node.js says, for an error that has no name. */
export function windowsErrorName(error: number): string {
  return names()[error] ?? 'UNKNOWN'
}

/** `winerror.h`: those that a start, a stop or a look can meet. A function: other systems do not pay for the table. */
function names(): Readonly<Record<number, string>> {
  return {
    2: 'ENOENT',
    3: 'ENOENT',
    4: 'EMFILE',
    5: 'EACCES',
    8: 'ENOMEM',
    14: 'ENOMEM',
    15: 'ENOENT',
    19: 'EROFS',
    32: 'EBUSY',
    33: 'EBUSY',
    39: 'ENOSPC',
    53: 'ENOENT',
    67: 'ENOENT',
    80: 'EEXIST',
    87: 'EINVAL',
    109: 'EPIPE',
    112: 'ENOSPC',
    123: 'ENOENT',
    161: 'ENOENT',
    183: 'EEXIST',
    206: 'ENAMETOOLONG',
    231: 'EBUSY',
    232: 'EPIPE',
    267: 'ENOTDIR',
    1314: 'EPERM',
    1450: 'ENOMEM',
    1455: 'ENOMEM',
  }
}
