// Test counts: added up, printed as the one closing line that CI reads, and read back from it.

export const none = () => ({ passed: 0, failed: 0, skipped: 0 })

/** Of what has no counts of its own. */
export const failure = Object.freeze({ passed: 0, failed: 1, skipped: 0 })

export const add = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** The closing line; the exit code follows it: a run in which nothing was to be tested is no success. */
export function close(counts) {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  process.exitCode = counts.failed > 0 || counts.passed + counts.skipped === 0 ? 1 : 0
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
}

/** The counts in a closing line, or undefined when the line is none. */
export function parse(line) {
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line)
  return match
    ? { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) }
    : undefined
}

/**
 * What a runner's own counts leave out: a crash without a failed test, a run without any test, and processes
 * that outlive the run each count as one failure.
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
