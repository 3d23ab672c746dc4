// Runs programs for Windows by wine. Their output and exit code are passed on.
// wine.js [--node MAJOR] SCRIPT [ARGUMENT…]: runs a script in Node.js for Windows, by default of the release line that
//   the variable NODE_MAJOR names, else 20. in-wine.js says which files are there, and at which paths.
// wine.js --exe PROGRAM [ARGUMENT…]: runs a program.
// wine.js --build: builds the binary that `import 'daimon'` loads there.
// wine.js --cargo VERB [ARGUMENT…]: runs cargo for Windows (`build`, `check`, `clippy`, `run`, `test`).
// wine.js --cargo-test [ARGUMENT…]: runs `cargo test` for Windows, by default the core's tests.
import { existsSync, realpathSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { run } from '../lib/run.js'
import { crossBuild } from '../release/cross-build.js'
import { inWine, windowsPath } from './in-wine.js'
import { cargoForWindows, WINDOWS } from './wine-cargo.js'
import { windowsNode } from './wine-node.js'

async function script(major, path, args) {
  if (path === undefined || !existsSync(path)) throw new Unavailable(`there is no script ${path ?? ''}`)
  const node = await windowsNode(major)
  const file = realpathSync(path)
  return await inWine(node, [windowsPath(file), ...args], { folders: [dirname(file)] })
}

async function cargo(verb, what) {
  const { command, args, env } = await cargoForWindows(verb)
  const [file, ...first] = command
  return await run(file, [...first, ...args, ...what], { env, cwd: process.cwd() })
}

const verbs = {
  '--exe': ([program, ...args]) => inWine(resolve(program), args),
  '--node': ([major, path, ...args]) => script(major, path, args),
  async '--build'() {
    await crossBuild([WINDOWS])
    return 0
  },
  '--cargo': ([verb, ...args]) => cargo(verb, args),
  '--cargo-test': (args) => cargo('test', args.length > 0 ? args : ['-p', 'daimon-core']),
}

try {
  const [first, ...rest] = process.argv.slice(2)
  process.exitCode = Object.hasOwn(verbs, first)
    ? await verbs[first](rest)
    : await script(process.env.NODE_MAJOR || '20', first, rest)
} catch (error) {
  if (!(error instanceof Unavailable)) throw error
  console.error(`wine: ${error.message}`)
  process.exitCode = 125
}
