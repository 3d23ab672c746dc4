/** The adapters, in the order of the table's columns. */

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

/** Tells whether the peer is from npm: `daimon start` must not be slower than the commands of these. */
export const isOfNpm = ({ from }) => from.npm !== undefined
