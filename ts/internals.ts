/**
 * What the command line and the restart's helper, which are files of their own, use of the facade's modules. The build
 * makes of their imports of these modules what they are here, so that each module is there once. Not public.
 */

export * as denied from './binding/denied.js'
export * as waits from './binding/waits.js'
export * as stop from './control/stop.js'
export * as errors from './errors.js'
export * as payload from './handover/payload.js'
export * as relaunch from './handover/relaunch.js'
export * as thrown from './handover/thrown.js'
export * as version from './handover/version.js'
export * as stderr from './inside/stderr.js'
export * as launch from './launcher/launch.js'
export * as start from './launcher/start.js'
export * as currentFolder from './options/current-folder.js'
export * as folder from './options/folder.js'
export * as log from './options/log.js'
export * as places from './options/places.js'
export * as script from './options/script.js'
export * as signalNames from './options/signal-names.js'
export * as table from './options/table.js'
export * as say from './say.js'
export * as supervisor from './supervisor/environment.js'
