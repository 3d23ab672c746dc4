// Picks out of a leg's output what tells of failures, so that the end of a long log says it again.
import { stripVTControlCharacters } from 'node:util'

const TELLS = [
  // AVA's failed tests; the second sign is Windows'.
  /^\s*[✘×] /,
  // What the checks of a release find.
  /^FAIL /,
  // Cargo's.
  /^test .* FAILED$|^---- .* ----$|\bpanicked at\b|^assertion |^ +(?:left|right): /,
  // The sentences of these scripts.
  /^\s*failed: |: (?:failed: |ended with exit code )|: no (?:closing line|summary)|still alive/,
]
/** AVA prints the details of its failures below its first rule. */
const RULE = /^\s*─+$/
const SUMMARY = /^\s*\d+ tests? (?:passed|failed|skipped)/
/** The most lines that are kept. */
const MOST = 150

export class Failures {
  #lines = []
  #isInDetails = false

  /** Takes a line of the output. */
  take(raw) {
    const line = stripVTControlCharacters(raw)
    if (RULE.test(line)) this.#isInDetails = true
    else if (SUMMARY.test(line)) this.#isInDetails = false
    else if (TELLS.some((one) => one.test(line)) || (this.#isInDetails && line.trim() !== ''))
      this.#lines.push(line)
  }

  /** The lines that tell of failures; of too many the first. */
  get lines() {
    const left = this.#lines.length - MOST
    return left > 0 ? [...this.#lines.slice(0, MOST), `… and ${left} more lines`] : this.#lines
  }
}
