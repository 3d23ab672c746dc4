/** Shared by the adapters. An adapter has the verbs that its peer has, each in the fastest sensible way. */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const NODE = process.execPath
/** The time that an app has to end before it is killed, for peers with such a setting, ms. */
export const PATIENCE = 1_000

export const program = (name) => fileURLToPath(new URL(`../programs/${name}`, import.meta.url))

/** The app's arguments. */
export const words = ({ port, record, mode }) => [String(port), record, mode]

/** The server's script and arguments. */
export const server = (app) => [app.script, ...words(app)]

/** The file of a package's module; `load` gives its exports. */
export const file = (place, name) => createRequire(join(place.folder, 'x.js')).resolve(name)
export const load = (place, name) => createRequire(join(place.folder, 'x.js'))(name)

/** The URL of a file of a package. `require` does not resolve packages that are ES modules only. */
export const url = (place, path) => pathToFileURL(join(place.folder, 'node_modules', path)).href
