/** What the adapters have in common. An adapter is one peer: what of it there is, used in its fastest sensible way. */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const NODE = process.execPath
/** How long a peer that can be told may wait for the end of an app before it kills it, ms. */
export const PATIENCE = 1_000

export const program = (name) => fileURLToPath(new URL(`../programs/${name}`, import.meta.url))

/** The app's arguments. */
export const words = ({ port, record, mode }) => [String(port), record, mode]

/** The server's script and arguments. */
export const server = (app) => [app.script, ...words(app)]

/** A module of a package of npm: its file; `load` gives what it exports. */
export const file = (place, name) => createRequire(join(place.folder, 'x.js')).resolve(name)
export const load = (place, name) => createRequire(join(place.folder, 'x.js'))(name)

/** The URL of an ES module, whose exports hide its file from `require`. */
export const url = (place, path) => pathToFileURL(join(place.folder, 'node_modules', path)).href
