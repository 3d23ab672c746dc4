/** What a supervisor is to its service: a socket that hears, and an environment that is for one process alone. */

import { until } from './index.js'

/** Binds a datagram socket, and tells each message as a line of JSON. */
const HEARS = `
import json, socket, sys
address = sys.argv[1]
hears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
hears.bind('\\0' + address[1:] if address[0] == '@' else address)
print('bound', flush=True)
while True:
    print(json.dumps(hears.recv(65536).decode()), flush=True)
`

/** Listens there: `heard()` gives all messages so far as lists of lines, `hears(line)` waits for one with that line. */
export async function listen(place, address) {
  const listener = place.spawnCommand('python3', ['-c', HEARS, address])
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

/** Executes a program with variables that name its own PID: \`PID\` in a value becomes that. */
const EXECUTES = `
import os, sys
for pair in sys.argv[1].split('\\n'):
    name, value = pair.split('=', 1)
    os.environ[name] = value.replace('PID', str(os.getpid()))
os.execvp(sys.argv[2], sys.argv[2:])
`

/** Node as a supervisor would execute it; as \`place.spawn\`. */
export function supervised(place, variables, args, options) {
  const pairs = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  return place.spawnCommand('python3', ['-c', EXECUTES, pairs.join('\n'), process.execPath, ...args], options)
}
