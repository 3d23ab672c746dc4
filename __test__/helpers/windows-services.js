/** Services of Windows: the control manager, by an example of the core, because wine's sc.exe cannot do enough. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { kill, ROOT, until } from './index.js'

/** Where cargo puts the example: for wine with the name of the target, on Windows without. */
const PLACES = ['cross/x86_64-pc-windows-gnullvm/debug', 'debug'].map((folder) =>
  join(ROOT, 'target', folder, 'examples/services.exe'),
)

/** SERVICE_STATUS of winsvc.h. */
const STATES = [undefined, 'stopped', 'start-pending', 'stop-pending', 'running']

const CONTROLS = { stop: 1, paramChange: 6 }

/** ERROR_SERVICE_SPECIFIC_ERROR: the code is the program's own. */
export const OWN_CODE = 1066

let count = 0

/**
 * Makes a service of this command line, which is deleted at the end of the test.
 *
 * @param command - its arguments, the program first
 */
export async function service(t, place, command) {
  const made = named(t, place, `daimon-test-${process.pid}-${count++}`)
  await made.create(command.map((word) => `"${word}"`).join(' '))
  return made
}

/** The service of that name, which is deleted at the end of the test if it is there. */
export function named(t, place, name) {
  const helper = PLACES.find((path) => existsSync(path))
  if (helper === undefined) throw new Error('run cargo build -p daimon-core --examples for Windows first')
  const tried = (verb, ...more) => place.command(helper, [verb, name, ...more])
  const ask = async (verb, ...more) => {
    const { code, stdout, stderr } = await tried(verb, ...more)
    if (code !== 0) throw new Error(`${verb}: ${stderr}`)
    return stdout
  }
  const reportOf = (text) => {
    const { state, ...rest } = JSON.parse(text)
    return { ...rest, state: STATES[state] }
  }
  const query = async () => reportOf(await ask('query'))
  t.teardown(async () => {
    const { code, stdout } = await tried('query')
    if (code !== 0) return
    const { pid, state } = reportOf(stdout)
    if (state !== 'stopped' && pid !== 0) kill(pid)
    await ask('delete')
  })
  return {
    query,
    create: (command) => ask('create', command),
    start: () => ask('start'),
    control: (what) => ask('control', String(CONTROLS[what])),
    /** Resolves to its report when it is in that state. */
    async in(state) {
      return await until(async () => {
        const found = await query()
        return found.state === state && found
      }, `the service is ${state}`)
    },
  }
}
