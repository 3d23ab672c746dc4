/** The length of texts that a daemon tells its launcher. Runs in both processes. Loads nothing. */

/** The most characters of each text. */
const LONGEST = 16_384

/** The beginning of a text, which a program may have made very long. */
export function toldText(text: string): string {
  return text.slice(0, LONGEST)
}
