/** The rows of the options of the daemon's process, which `Settings.process` has apart. Runs in both processes. */

import { accountValue, descriptorsValue, integerValue, limitsValue } from './limits.js'
import { COMMON, type Row } from './row.js'
import type { ProcessValues } from './settings.js'
import { booleanValue, pathValue } from './values.js'

export type ProcessTable = { readonly [K in keyof ProcessValues]: Row<ProcessValues[K]> }

/** A part of the table of options, in the order of help. */
export const PROCESS_OPTIONS: ProcessTable = {
  user: {
    check: accountValue,
    forms: COMMON,
    flag: { value: 'USER', reads: 'account', help: 'the user that it becomes' },
  },
  group: {
    check: accountValue,
    forms: COMMON,
    flag: { value: 'GROUP', reads: 'account', help: "instead of the user's group" },
  },
  chroot: {
    check: pathValue,
    forms: COMMON,
    flag: { value: 'DIR', help: 'its root folder' },
  },
  noNewPrivileges: {
    check: booleanValue,
    forms: COMMON,
    flag: { notIn: ['foreground'], help: 'nothing that it executes gains rights' },
  },
  coreDumps: {
    check: booleanValue,
    forms: COMMON,
    flag: { help: 'let a crash leave a core file' },
  },
  limits: {
    check: limitsValue,
    forms: COMMON,
    flag: { value: 'NAME=N', collects: 'limits', help: 'a limit: nofile=65536 or nofile=SOFT:HARD' },
  },
  nice: {
    check: integerValue(-20, 19),
    forms: COMMON,
    flag: { value: 'N', reads: 'number', help: 'from -20 to 19' },
  },
  oomScoreAdj: {
    check: integerValue(-1_000, 1_000),
    forms: COMMON,
    flag: { value: 'N', reads: 'number', help: 'from -1000 to 1000' },
  },
  keepFds: {
    check: descriptorsValue,
    forms: COMMON,
    flag: {
      value: 'FD',
      collects: 'numbers',
      notIn: ['foreground', 'unit'],
      help: 'a descriptor that stays open',
    },
  },
}
