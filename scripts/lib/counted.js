// Runs commands whose last line has their counts, as these scripts' have.
import { add, failure, parse } from './counts.js'
import { stream } from './run.js'

/**
 * Runs a command; resolves to the counts of its closing line. The line itself is not shown, because only the sum at the
 * very end may look like it; `also` gets every other line. Each of these counts as one failure: no closing line, an
 * exit code other than 0 without a failure in the counts, and a process that the command leaves behind.
 */
export async function counted(command, args, also = () => {}) {
  let counts
  const onLine = (line) => {
    const found = parse(line)
    if (found === undefined) {
      console.log(line)
      also(line)
    }
    counts = found ?? counts
  }
  const { code, held } = await stream(command, args, { onLine, mergeStderr: true })
  const what = [command, ...args].join(' ')
  if (counts === undefined) {
    console.log(`${what}: no closing line`)
    return { ...failure }
  }
  if (code !== 0 && counts.failed === 0) {
    console.log(`${what}: ended with exit code ${code}, though nothing failed`)
    counts = add(counts, failure)
  }
  if (held) {
    console.log(`${what}: a process that it started is still alive and holds its output`)
    counts = add(counts, failure)
  }
  return counts
}
