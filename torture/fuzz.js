/** The fuzzer on all that daimon reads of others: pidfiles, the channel, the variable, `/proc`. See `fuzz/`. */

import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, stream } from '../scripts/lib/run.js'
import { cargoFuzz, host, target } from './lib/nightly.js'

const FOLDER = target('fuzz')

/** Each file is a target. */
const TARGETS = readdirSync(join(root, 'fuzz/fuzz_targets')).map((file) => file.replace('.rs', ''))

/** How many of the last lines of a fuzzer that fails are shown. */
const LAST_LINES = 20

/** Frames of a stack, and progress. */
const NOISE = /^\s*#?\d+:?\s|^\s+at /

const programOf = (name) => join(FOLDER, host() ?? '', 'release', name)

/** Makes the folder for what the fuzzer finds; it is not in the repository. */
function made(...parts) {
  const path = join(FOLDER, ...parts)
  mkdirSync(path, { recursive: true })
  return path
}

/** Runs the fuzzer of a target; what it has found before is its input, too. Gives what it has told. */
async function fuzz(name, { seconds, seed }) {
  const artifacts = made('artifacts', name)
  const found = { executions: 0, code: 0, artifact: undefined, lines: [] }
  const args = [
    // 0 would be for ever, and a random one.
    `-max_total_time=${Math.max(1, seconds)}`,
    `-seed=${seed || 1}`,
    // All that is read is short; longer inputs only take longer.
    '-max_len=512',
    '-timeout=10',
    '-print_final_stats=1',
    `-artifact_prefix=${artifacts}/`,
    made('corpus', name),
    join(root, 'fuzz/corpus', name),
  ]
  const onLine = (line) => {
    found.executions = Number(/^stat::number_of_executed_units:\s+(\d+)/.exec(line)?.[1] ?? found.executions)
    found.artifact = /Test unit written to (.*)$/.exec(line)?.[1] ?? found.artifact
    if (!NOISE.test(line)) found.lines.push(line)
    if (found.lines.length > LAST_LINES) found.lines.shift()
  }
  const { code } = await stream(programOf(name), args, { mergeStderr: true, onLine })
  return { ...found, code }
}

export const fuzzing = {
  name: 'fuzz',
  summary: 'what daimon reads of others may be any bytes',
  fails: 'a crash, a check of the core that does not hold, an input that takes more than ten seconds',
  isCalm: true,
  async run({ seed, seconds, note, count, fail }) {
    const env = await cargoFuzz()
    const build = ['+nightly', 'fuzz', 'build', '--target-dir', FOLDER]
    if ((await run('cargo', build, { env })) !== 0) {
      fail('the targets of fuzz/ cannot be built')
      return
    }
    for (const name of TARGETS) {
      const share = Math.floor(seconds / TARGETS.length)
      const { executions, code, artifact, lines } = await fuzz(name, { seconds: share, seed })
      const crashes = code === 0 ? 0 : 1
      note({ target: name, executions, crashes })
      count('executions', executions)
      if (crashes > 0) {
        const again = `${programOf(name)} ${artifact ?? ''}`
        fail(`${name}: ${artifact ?? `exit code ${code}`}\n${lines.join('\n')}\nThis input again: ${again}`)
      } else if (executions === 0) {
        fail(`${name}: nothing was executed:\n${lines.join('\n')}`)
      }
    }
  },
}
