// Commands that close with their counts, as these scripts do.
import { add, failure, parse } from './counts.js'
import { stream } from './run.js'

/**
 * Runs one; resolves to the counts of its closing line, which is not shown: only the sum at the end of all may look
 * like one. No such line, a failure that they do not tell, and processes that are left behind each count as one
 * failure.
 */
export async function counted(command, args) {
  let counts
  const onLine = (line) => {
    const found = parse(line)
    if (found === undefined) console.log(line)
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
