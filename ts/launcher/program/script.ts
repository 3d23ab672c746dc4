/** The command of a daemon whose main module is a `script`. Runs in the launcher. */

import { explainDenial } from '../../binding/denied.js'
import { denialOf, ownAddress, ownFile } from '../../binding/package-files.js'
import { runtimeFlags } from '../../binding/runtimes.js'
import { packer } from '../../binding/single-executable.js'
import { UnsupportedError } from '../../errors.js'
import { scriptOrPath } from '../../options/script.js'
import type { Settings } from '../../options/settings.js'
import { errorOf, say, subject } from '../../say.js'
import { absoluteExecArgv, scriptExecArgv, usesEsLoader } from '../node-flags.js'
import { AT_START } from './at-start.js'
import type { Command } from './index.js'
import { isPresent, preloadFlags } from './own-files.js'

/** @throws UnsupportedError when the package's own files are not beside a bundle */
export function scriptCommand(
  settings: Settings,
  script: string,
  cwd: string,
  nodeOptions?: string,
): Command {
  const { run, scriptArgs, execPath } = settings
  // Flags that are built into an executable are its own.
  const inherited = packer() === undefined ? AT_START.execArgv : []
  const execArgv = absoluteExecArgv(settings.execArgv ?? inherited, cwd)
  // Flags that the user asked for are for the script; those of the launcher may be about the launcher's program.
  const flags = settings.execArgv === undefined ? scriptExecArgv(execArgv) : execArgv
  const hook = usesEsLoader(flags, nodeOptions) ? ['settle.js'] : []
  const needed = ['preload.cjs', 'index.js', ...hook]
  if (!needed.every(isPresent)) throw bundled(needed)
  // Nothing of ours may follow the launcher's flags otherwise: some tools put their own command among them.
  const imports = hook.flatMap((name) => ['--import', ownAddress(name)])
  // Another program may be of another runtime.
  const first = execPath === process.execPath ? runtimeFlags() : []
  const { main } = scriptOrPath(script)
  return {
    kind: run === undefined ? 'script' : 'module',
    program: execPath,
    args: [execPath, ...first, ...preloadFlags(), ...flags, ...imports, main, ...scriptArgs],
    main,
    preloads: needed.map(ownFile),
  }
}

/** The files to load before a script, which make it a daemon. */
function bundled(needed: readonly string[]): UnsupportedError {
  const denial = needed.map(denialOf).find((found) => found !== undefined)
  const why =
    denial === undefined
      ? `put its dist/${needed.join(', dist/')} beside the bundle, ` +
        'or keep daimon out of it (esbuild: --external:daimon)'
      : explainDenial(denial)
  const text = say`${subject('script')} is not supported in a bundle without the package's own files: ${why}.`
  return errorOf(text, (message) => new UnsupportedError(message, { feature: 'script', cause: denial }))
}
