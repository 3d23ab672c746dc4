/** Faults of file systems, each in a mount namespace of its own, and of rights. */

import { spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { until } from '../../scripts/lib/processes.js'
import { freshUser } from './users.js'

const NOBODY = 65_534

/**
 * Makes a mount namespace by these shell commands, in which $0 is the folder. A process holds it.
 *
 * @param only whether what is run without the fault is run outside
 */
async function namespace(folder, commands, only = false) {
  const holder = spawn('unshare', ['-m', 'sh', '-ec', `${commands}\nexec sleep 1000`, folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const isReady = () => readFileSync(`/proc/${holder.pid}/cmdline`, 'latin1').startsWith('sleep\0')
  await until(isReady, commands)
  const enter = (command, isFaulty) =>
    isFaulty || !only ? ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, '--', ...command] : command
  return { holder: holder.pid, enter, root: only ? '' : `/proc/${holder.pid}/root` }
}

const needs = ['root', 'mount namespaces']
const tmpfs = (options) => `mount -t tmpfs -o mode=755,${options} tmpfs "$0"`

/** Faults of what is in the pidfile's folder. */
const DISKS = [
  ['a full disk, no file', `${tmpfs('nr_inodes=1')}`],
  ['a full disk, no text', `${tmpfs('size=4k')}; head -c 4096 /dev/zero > "$0/full"`],
]

/** The same for the log's folder. */
const LOG_DISKS = [
  ["a full disk for the log's file", 'nr_inodes=1'],
  ['a disk that fills up by the log', 'size=32k'],
  ['a disk without room for rotated logs', 'nr_inodes=4'],
]

const disk = ([name, commands]) => ({
  name,
  needs,
  losesLines: true,
  isBroken: true,
  prepare: (folder) => namespace(folder, commands),
})

const logDisk = ([name, options]) => ({
  name,
  needs,
  losesLines: true,
  prepare: (folder) => {
    mkdirSync(`${folder}-log`)
    return namespace(folder, tmpfs(options).replace('"$0"', '"$0-log"'), true)
  },
  options: (folder) => ({ log: { file: `${folder}-log/log`, maxSize: 4_000, keep: 500 } }),
})

const READ_ONLY = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"'

const readOnly = [
  { name: 'a read-only folder', needs, prepare: (folder) => namespace(folder, READ_ONLY, true) },
  {
    name: "a read-only folder of the log's",
    needs,
    prepare: (folder) => {
      mkdirSync(`${folder}-log`)
      return namespace(folder, READ_ONLY.replaceAll('"$0"', '"$0-log"'), true)
    },
    options: (folder) => ({ log: { file: `${folder}-log/log`, maxSize: 4_000 } }),
  },
]

const proc = [
  { name: 'no /proc', needs, prepare: (folder) => namespace(folder, 'mount -t tmpfs tmpfs /proc', true) },
  {
    name: 'no /proc, as a user',
    user: freshUser(),
    needs: [...needs, 'setpriv'],
    prepare: (folder) => namespace(folder, 'mount -t tmpfs tmpfs /proc', true),
  },
  {
    name: 'hidepid=2, as a user',
    user: freshUser(),
    needs: [...needs, 'setpriv', 'a hidepid of its own'],
    prepare: (folder) => namespace(folder, 'mount -t proc -o hidepid=2 proc /proc', true),
  },
]

const rights = [
  {
    name: 'a folder without the right to write, as a user',
    user: freshUser(),
    isBroken: true,
    prepare: (folder) => chownSync(folder, 0, 0),
  },
  {
    name: 'a folder without the right to enter, as a user',
    user: freshUser(),
    isBroken: true,
    prepare: (folder) => {
      chownSync(folder, 0, 0)
      chmodSync(folder, 0o700)
    },
  },
  {
    name: 'a log without the right to write, as a user',
    user: freshUser(),
    isBroken: true,
    prepare: (folder) => {
      writeFileSync(join(folder, 'log'), '')
      chownSync(join(folder, 'log'), NOBODY, NOBODY)
      chmodSync(join(folder, 'log'), 0o600)
    },
  },
  {
    name: "a log's folder without the right to write, as a user",
    user: freshUser(),
    isBroken: true,
    options: (folder) => ({ log: { file: join(dirname(folder), 'log'), maxSize: 4_000 } }),
  },
].map((fault) => ({ ...fault, needs: ['root', 'setpriv'] }))

export const placeFaults = () => [
  ...DISKS.map(disk),
  ...LOG_DISKS.map(logDisk),
  ...readOnly,
  ...proc,
  ...rights,
]
