/** A program on a terminal of its own. */

import { until } from './index.js'

/**
 * What the program writes is written on. Each line of standard input is typed, `^C` as Ctrl-C; then its end is told.
 */
const TERMINAL = `
import os, pty, sys, threading
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
def show():
    try:
        while True:
            os.write(1, os.read(master, 4096))
    except OSError:
        pass
shown = threading.Thread(target=show)
shown.start()
def type():
    for line in sys.stdin:
        os.write(master, b'\\x03' if line == '^C\\n' else line.encode())
threading.Thread(target=type, daemon=True).start()
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
shown.join()
print('ended with', status, flush=True)
os._exit(0)
`

/**
 * Runs Node there, with further environment variables: `shows(text)` waits for it, `type(line)`, `end()` gives all that
 * was shown, and how it ended.
 */
export function terminal(place, args, env = {}) {
  const program = place.spawnCommand('python3', ['-c', TERMINAL, process.execPath, ...args], { env })
  return {
    shows: (text) => until(() => program.output().stdout.includes(text), `the terminal shows ${text}`),
    type: (line) => program.child.stdin.write(`${line}\n`),
    async end() {
      const { stdout } = await program.done
      const [, shown, code] = /^(.*)ended with (-?\d+)\n$/s.exec(stdout)
      return { shown: shown.replaceAll('\r\n', '\n'), code: Number(code) }
    },
  }
}
