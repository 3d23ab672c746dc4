// Runs programs for Windows by wine. Their output and exit code are passed on.
// wine.js [--node MAJOR] SCRIPT [ARGUMENT…]: runs a script in Node.js for Windows, by default of the release line that
//   the variable NODE_MAJOR names, else 20. in-wine.js says which files are there, and at which paths.
// wine.js --exe PROGRAM [ARGUMENT…]: runs a program.
// wine.js --build: builds the binary that `import 'daimon'` loads there.
// wine.js --cargo-test [ARGUMENT…]: runs `cargo test` with these arguments, by default for the core.
import { dirname, resolve } from 'node:path'
import { Unavailable } from '../lib/leg.js'
import { run } from '../lib/run.js'
import { crossBuild } from '../release/cross-build.js'
import { inWine, windowsPath } from './in-wine.js'
import { cargoForWindows, WINDOWS } from './wine-cargo.js'
import { windowsNode } from './wine-node.js'

async function script(major, path, args) {
  if (path === undefined) throw new Unavailable('no script is given')
  const node = await windowsNode(major)
  const file = resolve(path)
  return await inWine(node, [windowsPath(file), ...args], { folders: [dirname(file)] })
}

const verbs = {
  '--exe': ([program, ...args]) => inWine(resolve(program), args),
  '--node': ([major, path, ...args]) => script(major, path, args),
  async '--build'() {
    await crossBuild([WINDOWS])
    return 0
  },
  async '--cargo-test'(args) {
    const { command, args: more, env } = await cargoForWindows()
    const what = args.length > 0 ? args : ['-p', 'daimon-core']
    return await run(command[0], [...command.slice(1), ...more, ...what], { env })
  },
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
