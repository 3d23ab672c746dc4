/** A program on a terminal of its own. */

import { fixture, until } from './index.js'

/**
 * Runs Node on a terminal of its own, with further environment variables: `shows(text)` waits for it, `type(line)`,
 * `end()` gives all that was shown, and how it ended.
 */
export function terminal(place, args, env = {}) {
  const program = place.spawnCommand('python3', [fixture('helpers/terminal.py'), process.execPath, ...args], {
    env,
  })
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
