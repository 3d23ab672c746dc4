/** Options: their validation, and the complete settings that result. Runs in both processes. */

export { canReach, type Identity } from './access.js'
export { checkOptions } from './check.js'
export { currentFolder, neededFolder } from './current-folder.js'
export { makeDefaultFolder } from './default-folder.js'
export { accountValue } from './limits.js'
export { homeVariable } from './places.js'
export { scriptOrPath, shellOf } from './script.js'
export type {
  CheckedSettings,
  FileStdio,
  Limit,
  LogsSettings,
  OptionsForm,
  Rotation,
  Settings,
  StartSettings,
  Stdio,
  StopSettings,
} from './settings.js'
export { signalActionValue, signalNameValue } from './signals.js'
export {
  validateLogsOptions,
  validateOptions,
  validateStopOptions,
  validateWaitOptions,
} from './validate.js'
export { abortSignalValue, pathValue } from './values.js'
