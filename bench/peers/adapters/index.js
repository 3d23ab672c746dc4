/** All that are measured, in the order of the table. */

import daemonizeProcess from './daemonize-process.js'
import daemonize2 from './daemonize2.js'
import daemonocle from './daemonocle.js'
import daimon from './daimon.js'
import { daemonize, startStopDaemon } from './debian.js'
import diable from './diable.js'
import forever from './forever.js'
import pm2 from './pm2.js'
import pythonDaemon from './python-daemon.js'
import { preloaded, script, spawned } from './spawn.js'

export const adapters = [
  daimon,
  spawned,
  preloaded,
  script,
  daemonizeProcess,
  diable,
  daemonize2,
  pm2,
  forever,
  pythonDaemon,
  daemonocle,
  startStopDaemon,
  daemonize,
]

/** Those of npm, whose command starts must not be faster than ours. */
export const isOfNpm = ({ from }) => from.npm !== undefined
