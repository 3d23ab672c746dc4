/** What a daemon tells of an error, and a launcher believes. Part of the preload: it loads nothing. */

/** What Node's own errors carry. */
export const TOLD_FIELDS = [
  'name',
  'message',
  'stack',
  'code',
  'errno',
  'syscall',
  'path',
  'address',
  'port',
  'permission',
  'resource',
] as const

/** How much of each text, in characters. */
const LONGEST = 16_384

/** The beginning of a text that anybody may have made as long as they like. */
export function toldText(text: string): string {
  return text.slice(0, LONGEST)
}
