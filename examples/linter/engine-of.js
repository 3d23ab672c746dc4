/**
 * The linter's engines: one for each project, that is for each folder in which the commands are called. An engine of an
 * older linter is replaced, and one that nobody uses for a minute ends by itself.
 */

import { mkdirSync, readFileSync } from 'node:fs'
import { Daemon } from 'daimon'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** The engine that executes `script`; `name` is that of its files. */
export function engineOf(script, name) {
  const folder = 'node_modules/.cache/linter'
  mkdirSync(folder, { recursive: true })
  return new Daemon({
    pidFile: `${folder}/${name}.pid`,
    log: `${folder}/${name}.log`,
    script: new URL(script, import.meta.url),
    socket: true,
    idleTimeout: Number(process.env.LINTER_IDLE ?? 60_000),
    version,
  })
}
