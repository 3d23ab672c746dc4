/** Node's `require`, for what can only be loaded so. Runs in both processes. */

import { ownPath } from './package-files.js'

/** Put in by the build: the `require` of the preload, which is CommonJS. */
declare const DAIMON_REQUIRE: NodeJS.Require | undefined

/** Made with its first use, since `node:module` costs every program that imports the package 0.3 ms. */
export function requireFrom(base: string | URL): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(base)
}

/** The `require` of this code's own file. */
export function requireOwn(): NodeJS.Require {
  // Where there is one already, a daemon needs no `node:module`.
  return typeof DAIMON_REQUIRE === 'function' ? DAIMON_REQUIRE : requireFrom(ownPath)
}
