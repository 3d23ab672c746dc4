/**
 * Why a daemon has ended, read from the end of its output where the daemon itself could not tell. Runs in the launcher,
 * and in the helper that restarts a daemon.
 *
 * The sentences are those of Node.js, V8, and the run times of C++ and Rust: a process that they abort runs nothing
 * any more that could say it in another way.
 */

/** How much of the log an error shows. */
const MOST_LINES = 40

/** The lines to show of too many: the first lines of a native abort, otherwise the last lines. */
export function shownLines(lines: readonly string[]): string[] {
  if (lines.length <= MOST_LINES) return [...lines]
  const at = lines.findIndex((_, index) => abortAt(lines, index) !== undefined)
  const first = at === -1 ? lines.length - MOST_LINES : Math.min(at, lines.length - MOST_LINES)
  return lines.slice(first, first + MOST_LINES)
}

/**
 * The abort, if there is one; else the first line that looks like an error; else the last line. Of a log that others
 * write to as well, the abort alone.
 */
export function lastWord(log: string | undefined, isShared = false): string {
  const all = (log ?? '').split('\n')
  const fatal = all.map((_, index) => abortAt(all, index)).find((found) => found !== undefined)
  if (fatal !== undefined) return `: ${fatal}`
  const trace = all.findIndex((line) => NATIVE_TRACE.test(line))
  const lines = all
    .slice(0, trace === -1 ? undefined : trace)
    // V8 frames its last words with lines of `#` alone.
    .filter((line) => /[^\s#]/.test(line) && !/^Node\.js v\d|^ +at /.test(line))
  if (trace !== -1) return `: it aborted${frameOf(all.slice(trace))}, by process.abort() or in native code`
  if (isShared) return ''
  const error = lines.find((line) => /^\w*Error\b/.test(line))
  if (error !== undefined) return `: ${error}`
  const last = lines.at(-1)
  return last === undefined ? '' : `; the last line of its output: ${last}`
}

const NATIVE_TRACE = /^-+ Native stack trace -+$/

/** The first frame of JavaScript, where the trace has any. */
function frameOf(trace: readonly string[]): string {
  const at = trace.findIndex((line) => /^-+ JavaScript stack trace -+$/.test(line))
  const frame = trace.slice(at + 1).find((line) => /^ *\d+: /.test(line))
  return at === -1 || frame === undefined ? '' : ` at ${frame.replace(/^ *\d+: /, '')}`
}

/** The first sentence of an abort that begins in that line: of Node.js, V8, or a library in C++ or Rust. */
function abortAt(lines: readonly string[], index: number): string | undefined {
  const [line = '', next = ''] = lines.slice(index, index + 2)
  // Out of memory, and errors of Node-API.
  if (line.startsWith('FATAL ERROR: ')) return line
  const [, failed] = /^ *# +(Assertion failed: .*)$/.exec(next) ?? []
  if (failed !== undefined && /^ *# /.test(line)) return `${failed} (${line.replace(/^ *# +/, '')})`
  const [, place] = /^# (Fatal [\w ]+ in .*)$/.exec(line) ?? []
  if (place !== undefined) return next.startsWith('# ') ? `${place}: ${next.slice(2)}` : place
  if (/^terminate called /.test(line) || /^thread .* panicked at .*:$/.test(line))
    return `${line} ${next.trim()}`.trim()
  return undefined
}
