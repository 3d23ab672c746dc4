/** Options: their validation and the complete settings that come of it. */

export { canReach, type Identity } from './options/access.js'
export { checkOptions } from './options/check.js'
export { currentFolder, neededFolder } from './options/current-folder.js'
export { makeDefaultFolder } from './options/default-folder.js'
export { homeVariable } from './options/places.js'
export { accountValue, type Limit } from './options/process.js'
export { scriptOrPath, shellOf } from './options/script.js'
export type {
  FileStdio,
  LogsSettings,
  OptionsForm,
  Rotation,
  Settings,
  StartSettings,
  Stdio,
  StopSettings,
} from './options/settings.js'
export { signalActionValue, signalNameValue } from './options/signals.js'
export {
  validateLogsOptions,
  validateOptions,
  validateStopOptions,
  validateWaitOptions,
} from './options/validate.js'
export { abortSignalValue, pathValue } from './options/values.js'
