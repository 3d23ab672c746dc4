/** How long a text is that a daemon tells, and a launcher believes. Loads nothing. */

/** How much of each text, in characters. */
const LONGEST = 16_384

/** The beginning of a text that anybody may have made as long as they like. */
export function toldText(text: string): string {
  return text.slice(0, LONGEST)
}
