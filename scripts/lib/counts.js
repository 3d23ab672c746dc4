// Adds test counts, prints them as the closing line that CI reads, and reads such lines.

export const none = () => ({ passed: 0, failed: 0, skipped: 0 })

/** The counts of a failure that has no counts of its own. */
export const failure = Object.freeze({ passed: 0, failed: 1, skipped: 0 })

export const add = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** Prints the closing line and sets the exit code: 1 after a failure, and after a run that has tested nothing. */
export function close(counts) {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  process.exitCode = counts.failed > 0 || counts.passed + counts.skipped === 0 ? 1 : 0
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
}

/** The counts in a closing line; undefined for any other line. */
export function parse(line) {
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line)
  return match
    ? { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) }
    : undefined
}

/**
 * Adds failures that a runner's own counts lack: one for a crash without a failed test or for a run without any test,
 * and one for processes that outlive the run.
 */
export function judge(runner, counts, { code, held }) {
  const fail = (what) => {
    console.log(`${runner}: ${what}`)
    counts.failed += 1
  }
  if (code !== 0 && counts.failed === 0) fail(`ended with exit code ${code}, though no test failed`)
  else if (counts.passed + counts.failed === 0) fail('no test was run')
  if (held) fail('a process that the tests started is still alive and holds their output')
  return counts
}
