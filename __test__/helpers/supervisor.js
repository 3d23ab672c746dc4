/** What a supervisor is to its service: a socket that hears, and an environment that is for one process alone. */

import { fixture, until } from './index.js'

/** Listens there: `heard()` gives all messages so far as lists of lines, `hears(line)` waits for one with that line. */
export async function listen(place, address) {
  const listener = place.spawnCommand('python3', [fixture('helpers/hears.py'), address])
  const lines = () => listener.output().stdout.split('\n').slice(0, -1)
  await until(() => lines().length > 0, 'the socket')
  const heard = () =>
    lines()
      .slice(1)
      .map((line) => JSON.parse(line).split('\n'))
  return {
    address,
    heard,
    hears: (wanted, after = 0) =>
      until(
        () =>
          heard()
            .slice(after)
            .find((message) => message.includes(wanted)),
        `the message ${wanted}, after ${JSON.stringify(heard())}`,
      ),
  }
}

/** Node as a supervisor would execute it; as \`place.spawn\`. */
export function supervised(place, variables, args, options) {
  const pairs = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  return place.spawnCommand(
    'python3',
    [fixture('helpers/executes.py'), pairs.join('\n'), process.execPath, ...args],
    options,
  )
}
