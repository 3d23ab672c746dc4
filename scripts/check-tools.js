// Names the tools that this machine lacks for a build, and how to get them, before a step fails for lack of them.
// Old syntax and imports only, because this file must also run on the Node versions that it rejects.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file) => readFileSync(root + file, 'utf8')
const problems = []

/** Whether a version (`20.19.0`) is `floor` (`20.19`) or newer, number by number. */
function atLeast(version, floor) {
  const have = version.split('.').map(Number)
  const want = floor.split('.').map(Number)
  for (let i = 0; i < want.length; i++) {
    if ((have[i] || 0) !== want[i]) return (have[i] || 0) > want[i]
  }
  return true
}

/** The tool's first line of output; undefined if the tool does not run. */
function firstLine(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.split('\n')[0] : undefined
}

const nodeFloor = JSON.parse(read('package.json')).engines.node.replace('>=', '')
if (!atLeast(process.versions.node, nodeFloor)) {
  problems.push(
    `Node.js ${nodeFloor} or newer is needed, this is ${process.versions.node}. Get it from https://nodejs.org.`,
  )
}

if (firstLine('cargo', ['--version']) === undefined) {
  problems.push(
    'cargo was not found. Install Rust from https://rustup.rs (and open a new shell, so that ~/.cargo/bin is on PATH).',
  )
} else {
  const rustFloor = /^rust-version\s*=\s*"([\d.]+)"/m.exec(read('Cargo.toml'))[1]
  const rustc = /^rustc ([\d.]+)/.exec(firstLine('rustc', ['--version']) || '')
  if (!rustc) {
    problems.push('rustc was not found beside cargo. Install Rust from https://rustup.rs.')
  } else if (!atLeast(rustc[1], rustFloor)) {
    problems.push(`Rust ${rustFloor} or newer is needed, this is ${rustc[1]}. Run: rustup update stable`)
  }
}

/** Visual Studio's own finder of its parts; without it, or without the C++ tools, it prints nothing. */
function hasVisualStudio() {
  const vswhere = `${process.env['ProgramFiles(x86)']}\\Microsoft Visual Studio\\Installer\\vswhere.exe`
  const part = `Microsoft.VisualStudio.Component.VC.Tools.${process.arch === 'arm64' ? 'ARM64' : 'x86.x64'}`
  const args = ['-latest', '-products', '*', '-requires', part, '-property', 'installationPath']
  // The second is set in a command prompt of Visual Studio.
  return Boolean(firstLine(vswhere, args)) || Boolean(process.env.VCToolsInstallDir)
}

const ownLinker = Object.keys(process.env).some((name) => /^CARGO_TARGET_.*_LINKER$/.test(name))
if (process.platform === 'win32') {
  const { status, stdout } = spawnSync('rustc', ['-vV'], { cwd: root, encoding: 'utf8' })
  const isMsvc = status === 0 && /^host: .*-msvc$/m.test(stdout)
  if (status === 0 && !isMsvc) {
    // napi asks each other one for a libnode.dll, which Node.js does not have.
    problems.push('The Rust that is the default has no `msvc` in its name. Run: rustup default stable-msvc')
  } else if (isMsvc && !ownLinker && !hasVisualStudio()) {
    problems.push(
      "No linker was found; Rust needs that of Microsoft's C++ tools: Visual Studio Build Tools, with the workload " +
        '`Desktop development with C++`. Run: winget install Microsoft.VisualStudio.2022.BuildTools',
    )
  }
} else if (!ownLinker && firstLine('cc', ['--version']) === undefined) {
  problems.push(
    'No C compiler `cc` was found; Rust needs it as the linker. Debian, Ubuntu: apt-get install gcc libc6-dev. ' +
      'Fedora: dnf install gcc. Alpine: apk add build-base. macOS: xcode-select --install.',
  )
}

// With --before-install, `.ci/run` is about to install the packages.
if (!process.argv.includes('--before-install') && !existsSync(`${root}node_modules/.package-lock.json`)) {
  problems.push('The npm packages are not installed. Run: npm ci')
}

if (problems.length > 0) {
  console.error('daimon cannot be built here yet:')
  for (const problem of problems) console.error(`  - ${problem}`)
  process.exitCode = 1
}
