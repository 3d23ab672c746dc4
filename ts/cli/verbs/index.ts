/** All verbs, in the order of help. */

import { completion } from './completion.js'
import { connect } from './connect.js'
import { list } from './list.js'
import { logs } from './logs.js'
import { reload } from './reload.js'
import { restart } from './restart.js'
import { run } from './run.js'
import { signal } from './signal.js'
import { start } from './start.js'
import { status } from './status.js'
import { stop } from './stop.js'
import { unit } from './unit.js'
import { upgrade } from './upgrade.js'
import type { Verb } from './verb.js'

export const VERBS: readonly Verb[] = [
  start,
  stop,
  restart,
  upgrade,
  reload,
  status,
  run,
  connect,
  logs,
  signal,
  list,
  unit,
  completion,
]
