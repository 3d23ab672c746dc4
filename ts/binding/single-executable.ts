/**
 * Programs that are one file with their runtime. Their argv[1] names no script, and only the executable is executed
 * again. Runs in both processes. It is loaded first, so it imports nothing.
 */

/** The tools that make such files. */
export type Packer = 'node' | 'bun' | 'deno' | 'pkg' | 'nexe'

/** The folder in which Bun shows the files inside its executables. */
const BUN_FOLDER = '/$bunfs/'

/** Whether Bun has made the program an executable. */
export function isBunExecutable(): boolean {
  const bun: { main?: unknown } | undefined = Reflect.get(globalThis, 'Bun')
  return bun !== undefined && String(bun.main).startsWith(BUN_FOLDER)
}

/** The tool that has made this program and its runtime one file; undefined if they are two. */
export function packer(): Packer | undefined {
  if (isBunExecutable()) return 'bun'
  const deno: { build?: { standalone?: unknown } } | undefined = Reflect.get(globalThis, 'Deno')
  if (deno !== undefined) return deno.build?.standalone === true ? 'deno' : undefined
  if (Reflect.has(process, 'pkg')) return 'pkg'
  if (Reflect.has(process, '__nexe')) return 'nexe'
  const sea: { isSea?(): boolean } | undefined = process.getBuiltinModule('node:sea')
  return sea?.isSea?.() === true ? 'node' : undefined
}

/** Flags with which Node.js makes a snapshot of its heap, in which modules stay as they were then. */
const SNAPSHOT_FLAGS = /^--(?:build-snapshot(?:-config)?|build-sea|experimental-sea-config)(?:=|$)/

/** Whether this module was evaluated for such a snapshot, so that its facts about the process are another process's. */
export const isFromSnapshot: boolean = process.execArgv.some((flag) =>
  SNAPSHOT_FLAGS.test(flag.replaceAll('_', '-')),
)
