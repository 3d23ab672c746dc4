/**
 * What the command line and the restart's helper, which are files of their own, use of the facade's modules. The build
 * makes of their imports of these modules what they are here, so that each module is there once. Not public.
 */

export * as complain from './complain.js'
export * as denied from './denied.js'
export * as errors from './errors.js'
export * as currentFolder from './options/current-folder.js'
export * as folder from './options/folder.js'
export * as invalid from './options/invalid.js'
export * as places from './options/places.js'
export * as script from './options/script.js'
export * as relaunch from './relaunch.js'
export * as start from './start.js'
export * as stop from './stop.js'
export * as supervisor from './supervisor.js'
export * as thrown from './thrown.js'
export * as waits from './waits.js'
