/** What the tests of signal actions share: a daemon that says what has come to it. */

import { pathToFileURL } from 'node:url'
import { Daemon } from '../../dist/index.js'
import { fixture } from './index.js'

const SAYS = JSON.stringify(pathToFileURL(fixture('inside/signals/says.mjs')).href)

/** Starts a daemon with `script` and `run` from these source texts, or from the fixture `name`. */
export async function start(place, { body = '', options = '{}', name } = {}) {
  const script =
    name === undefined
      ? place.write(
          'body.mjs',
          `import { existsSync } from 'node:fs'
           import { begin, say, until } from ${SAYS}
           await begin(import.meta.url, ${options}, async (daemon) => { ${body} })`,
        )
      : fixture(`inside/signals/${name}`)
  const { stdout, stderr } = await place.node([script])
  const pid = Number(stdout)
  if (!(pid > 0)) throw new Error(stderr)
  return { pid, daemon: new Daemon({ pidFile: place.file('a.pid') }) }
}
