/**
 * The message when the native binding cannot be loaded: what was found, what is missing, what to do.
 * Runs in both processes.
 */

/** A file or package that was tried, for which platform it is, and what was wrong with it. */
export type Miss = { name: string; platform: string } & (
  | { kind: 'missing' | 'damaged' }
  | { kind: 'version'; version: string }
  | { kind: 'refused'; reason: string }
)

/** The C library, by Node's report, which takes milliseconds, so only a failure asks. Empty if it is not known. */
function libc(): string {
  if (process.platform !== 'linux') return ''
  try {
    const { header }: { header?: { glibcVersionRuntime?: unknown } } = process.report.getReport()
    const version = header?.glibcVersionRuntime
    return version === undefined ? 'musl' : `glibc ${String(version)}`
  } catch {
    // Other runtimes have no report.
    return ''
  }
}

/** The missing packages that matter to the user: of two, the one for this C library. */
function concerns(miss: Miss, clib: string): boolean {
  const other = clib === '' ? undefined : clib === 'musl' ? '-gnu' : '-musl'
  return (miss.kind !== 'missing' || !miss.name.startsWith('.')) && !(other && miss.platform.endsWith(other))
}

function line(miss: Miss): string {
  switch (miss.kind) {
    case 'missing':
      return `${miss.name} is not installed`
    case 'damaged':
      return `${miss.name} is damaged: part of it is missing, or it is no binary at all`
    case 'version':
      return `${miss.name} is of version ${miss.version}`
    case 'refused':
      return `${miss.name} cannot be loaded: ${miss.reason}`
  }
}

const ANEW = 'Install it anew, on this platform: remove node_modules and run your package manager again.'

/** Advice, by the message of the system or of Node.js about a file that it does not load. */
const CURES: readonly (readonly [reason: RegExp, cure: string])[] = [
  [
    /access to this API/i,
    'Give Node.js --allow-fs-read for its folder, and --allow-addons, beside --permission.',
  ],
  [
    /addon/i,
    'Node.js has been started without addons: leave --no-addons out, or give --allow-addons beside --permission.',
  ],
  [/permission denied|EACCES|access is denied/i, 'Let this user read it, and the folders on the way.'],
  [/failed to map|operation not permitted/i, 'Move it to a file system that is not mounted with noexec.'],
  [/blocked|policy/i, 'Have the administrator of this machine allow the file.'],
  [
    /GLIBC|relocating|symbol/,
    'The binaries need glibc 2.17 or newer, or musl 1.2.3 or newer, and Node 20.19 or newer.',
  ],
]

function cure(reason: string): string {
  return CURES.find(([pattern]) => pattern.test(reason))?.[1] ?? ANEW
}

function advice(misses: readonly Miss[], version: string): string {
  const is = (kind: Miss['kind']): boolean => misses.some((miss) => miss.kind === kind)
  if (misses.length === 0) {
    return 'daimon runs on Linux (glibc from 2.17, or musl), macOS and Windows, on x64 and arm64.'
  }
  if (is('damaged')) return ANEW
  if (is('version')) return `Install both in the same version: npm install daimon@${version}`
  if (is('refused'))
    return misses.flatMap((miss) => (miss.kind === 'refused' ? [cure(miss.reason)] : []))[0] ?? ANEW
  return (
    'The binary comes as an optional dependency. Install with these (npm install --include=optional), on the ' +
    'platform that it is to run on, and remove a node_modules or a lock file that was made on another one. In a ' +
    "checkout of daimon's sources run: npm run build"
  )
}

/** The binding cannot be loaded. The message is for the user. */
export class BindingFailure extends Error {
  constructor(misses: readonly Miss[], version: string) {
    const clib = libc()
    const host = [`${process.platform} ${process.arch}`, clib, `Node ${process.versions.node}`].filter(
      Boolean,
    )
    const told = misses.filter((miss) => concerns(miss, clib))
    const found = told.length === 0 ? 'there is none for this platform' : told.map(line).join('\n  ')
    const what = `No native part of daimon ${version} works here (${host.join(', ')}):`
    super(`${what}\n  ${found}\n${advice(told, version)}`)
  }
}
