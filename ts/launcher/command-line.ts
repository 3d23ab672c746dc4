/**
 * The command line as this process was given it: argv may hide some of it, and programs change argv. Read in
 * every process, with the facade's import; used in the launcher.
 */

/** The flag by which a single executable takes flags for Node.js, if it was built so. It is not in argv. */
export const NODE_OPTIONS: RegExp = /^--node-options=/

/** The command line of this process; empty where the system does not tell. */
export function commandLine(): string[] {
  try {
    const text = process.getBuiltinModule('node:fs').readFileSync('/proc/self/cmdline', 'utf8')
    return text.split('\0').slice(0, -1)
  } catch {
    return []
  }
}

/** All arguments that a single executable was given, also those that argv does not show. */
export function givenArguments(argv: readonly string[], commandLine: readonly string[]): string[] {
  const [, , ...seen] = argv
  const [, ...given] = commandLine
  const others = given.filter((argument) => !NODE_OPTIONS.test(argument))
  // A program that sets process.title writes over its command line.
  return isSame(others, seen) ? given : seen
}

/**
 * The main program that the runtime was given, before the arguments that argv shows; undefined where it cannot be told.
 */
export function givenMain(argv: readonly string[], commandLine: readonly string[]): string | undefined {
  const [, , ...rest] = argv
  const at = commandLine.length - rest.length - 1
  return at > 0 && isSame(commandLine.slice(at + 1), rest) ? commandLine[at] : undefined
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index])
}
