// Checks by a binary's contents where it will load. Each check is a row of `release:dry`.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { python } from '../lib/python.js'
import { root } from '../lib/run.js'
import { rowsOf } from './rows.js'
import { GLIBC_FLOOR, MACOS_FLOOR, WINDOWS_FLOOR } from './targets.js'

/** The largest size of a binary. A larger one contains something that it should not. */
const MAX_BYTES = 1_200_000

/** The DLLs of Windows 10 that binaries may need; none is the compiler's, as libunwind.dll would be. */
const WINDOWS_DLLS = [
  'kernel32',
  'ntdll',
  // Access rights, and services.
  'advapi32',
  // Known folders.
  'combase',
  'shell32',
  // std's random numbers.
  'bcryptprimitives',
  // std's waits.
  'api-ms-win-core-synch-l1-2-0',
  // The C library.
  'api-ms-win-crt-(?:environment|heap|math|private|runtime|stdio|string)-l1-1-0',
]

const LIBRARIES = {
  gnu: /^(?:ld-linux-(?:x86-64|aarch64)\.so\.[12]|lib(?:c|dl|m|pthread|rt)\.so\.[0-9]+)$/,
  // musl's loader knows its library by this name, whatever the file's name is.
  musl: /^libc\.so$/,
  darwin: /^\/usr\/lib\/libSystem\.B\.dylib$/,
  win32: new RegExp(`^(?:${WINDOWS_DLLS.join('|')})\\.dll$`),
}

const FORMATS = { linux: 'elf', darwin: 'macho', win32: 'pe' }
const MACHINES = {
  x64: { linux: 'x86_64', darwin: 'x86_64', win32: 'amd64' },
  arm64: { linux: 'aarch64', darwin: 'arm64', win32: 'arm64' },
}

/** The symbols that may stay undefined: Node.js provides them. */
const NODE_API = /^_?(?:napi_|node_api_)\w+$/

/** The function that Node.js calls when it has loaded a binary. */
const ENTRY = 'napi_register_module_v1'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Folders of the machine that builds, which must not be in a binary. */
const HERE = [
  root,
  homedir(),
  process.env.CARGO_HOME,
  '/usr/src/',
  '/.cargo/',
  '/.rustup/',
  '/rustlib/',
].filter((path) => path && path !== '/')

const newerThan = (version, floor) => version.localeCompare(floor, 'en', { numeric: true }) > 0

/** Each check throws a text about the fault, or returns a text to show. */
const checks = {
  format({ format, arch }, { platform, arch: cpu }) {
    if (format !== FORMATS[platform] || arch !== MACHINES[cpu][platform]) throw `${format} for ${arch}`
    return `${format}, ${arch}`
  },
  size({ size, debug }) {
    if (size > MAX_BYTES) throw `${size} bytes, over ${MAX_BYTES}`
    if (debug) throw 'has symbols or debug information'
    return `${Math.round(size / 1000)} kB`
  },
  libraries({ libraries, runpath = [] }, { platform, libc }) {
    const strange = libraries.filter((name) => !LIBRARIES[libc ?? platform].test(name)).concat(runpath)
    if (strange.length > 0) throw strange.join(' ')
    return libraries.length === 1
      ? libraries[0]
      : `${libraries.length} of ${libc ? "libc's" : "the system's"}`
  },
  floor({ versions = [], minos, subsystem }, { libc, platform }) {
    if (platform === 'win32') {
      if (newerThan(subsystem, WINDOWS_FLOOR)) throw `Windows ${subsystem}, not ${WINDOWS_FLOOR}`
      return `Windows ${subsystem}`
    }
    if (platform === 'darwin') {
      if (minos !== MACOS_FLOOR) throw `macOS ${minos}, not ${MACOS_FLOOR}`
      return `macOS ${minos}`
    }
    const numbers = versions.map((name) => name.replace('GLIBC_', ''))
    if (libc === 'musl' && versions.length > 0) throw `asks for ${versions.join(' ')}`
    const above = numbers.filter((version) => !/^[\d.]+$/.test(version) || newerThan(version, GLIBC_FLOOR))
    if (above.length > 0) throw `asks for ${above.join(' ')}, above ${GLIBC_FLOOR}`
    return libc === 'musl' ? 'musl' : `glibc ${numbers.toSorted((a, b) => (newerThan(a, b) ? 1 : -1)).at(-1)}`
  },
  undefined({ undefined: symbols }, { libc }) {
    // musl's symbols have no version, so they cannot be told apart; the check of `libraries` must do.
    const strange = libc === 'musl' ? [] : symbols.filter((name) => !NODE_API.test(name))
    if (strange.length > 0) throw strange.join(' ')
    return libc === 'musl' ? "libc's" : symbols.length > 0 ? `${symbols.length} of Node-API` : 'none'
  },
  entry({ exported }) {
    if (!exported.includes(ENTRY)) throw `does not export ${ENTRY}`
    return ENTRY
  },
  version({ strings }) {
    // The facade refuses a binary of another version.
    if (!strings.some((text) => text.includes(version))) throw `does not contain ${version}`
    return version
  },
  name({ id }, { platform, binary }) {
    if (platform === 'darwin' && id !== `@rpath/${binary}`) throw `install name ${id}`
    return id ?? ''
  },
  signature({ signature }, { platform, arch }) {
    // Only Macs with arm64 insist on a signature.
    const needed = platform === 'darwin' && arch === 'arm64'
    if (signature && (needed || signature !== 'none')) throw signature
    return needed ? 'valid' : ''
  },
  time({ times = [] }) {
    // The same sources must give the same binary. ELF and Mach-O have no place for a time.
    const strange = times.filter((time) => time !== 0)
    if (strange.length > 0) throw `made at ${new Date(strange[0] * 1000).toISOString()}`
    return times.length > 0 ? 'none of here' : ''
  },
  async whole({ path, size }) {
    // An import here, because the build writes this file before the packages are checked.
    const { isWhole } = await import('../../build/binding/is-whole.js')
    const folder = mkdtempSync(join(tmpdir(), 'daimon-part-'))
    try {
      const part = join(folder, 'part.node')
      copyFileSync(path, part)
      truncateSync(part, size - 4_096)
      if (!isWhole(path)) throw 'the loader takes it for damaged'
      if (isWhole(part)) throw 'the loader does not see when its end is missing'
      return 'seen as such'
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  // crates/core/src/seam.rs
  seams({ strings }) {
    const found = strings.filter((text) => /DAIMON_(?:SEAM|BROKEN)/.test(text))
    if (found.length > 0) throw 'has the steps at which tests stop a process'
    return 'none'
  },
  paths({ strings }) {
    const leaks = strings.filter((text) => HERE.some((path) => text.includes(path)))
    if (leaks.length > 0) throw leaks.slice(0, 3).join(' | ')
    return 'none of here'
  },
}

/** The rows of all checks of all binaries: { what, check, ok, shown }. */
export async function checkBinaries(folder, targets) {
  const command = join(await python(), 'python')
  const args = [
    join(root, 'scripts/release/inspect.py'),
    ...targets.map(({ binary }) => join(folder, binary)),
  ]
  const facts = JSON.parse(
    execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  const rows = targets.map((target, index) => rowsOf(target.name, checks, facts[index], target))
  return (await Promise.all(rows)).flat()
}
