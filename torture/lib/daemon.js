/** The daemons of the torture. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { program } from './programs.js'

/** A pidfile, with a folder for the records of its bodies. */
export function targetIn(folder, name) {
  const records = join(folder, `records-${name}`)
  mkdirSync(records, { recursive: true })
  return { pidFile: join(folder, `${name}.pid`), log: join(records, 'log'), records }
}

/**
 * The daemon of a target: its body has the oracle's name, writes numbered lines and keeps a journal.
 *
 * @param target with `port` it has a keeper, and bodies that serve HTTP there; with `facade` it is a daemon on demand,
 * which has a socket and answers lines by that facade
 * @param isForeground whether it is the process of the caller, whose flags are no option then
 */
export function daemonOf(Daemon, target, isForeground = false) {
  const { pidFile, records, log, maxSize = 20_000, compress = false, variables = {} } = target
  return new Daemon({
    pidFile,
    script: program('body.cjs'),
    scriptArgs: [records],
    ...(isForeground || target.port !== undefined ? {} : { execArgv: ['--require', program('born.cjs')] }),
    env: { STORM_RECORDS: records, ...variables },
    log: { file: log, maxSize, keep: 500, compress },
    readyTimeout: 20_000,
    stopTimeout: 5_000,
    ...(target.facade === undefined ? {} : onDemand(target)),
    ...(target.port === undefined ? {} : kept(target)),
  })
}

/** The options of one whose body is `engine.mjs`. */
function onDemand({ facade, records, idleTimeout, version, readyTimeout = 20_000, kept = 0 }) {
  return {
    script: program('engine.mjs'),
    scriptArgs: [records, facade, version ?? '-', String(kept)],
    socket: true,
    idleTimeout,
    version,
    readyTimeout,
  }
}

/** The options of one with a keeper, whose bodies are `kept.cjs`. */
function kept({ records, port, weight = 0 }) {
  return {
    script: program('kept.cjs'),
    scriptArgs: [records, String(port), String(weight)],
    respawn: { delay: 5, maxDelay: 40, limit: Infinity },
    instances: 2,
    drainTimeout: 2_000,
  }
}
