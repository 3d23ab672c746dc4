/** Options: their validation and the complete settings that come of it. */

export { checkOptions, makeDefaultFolder } from './options/check.js'
export { accountValue, type Limit } from './options/process.js'
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
export { abortSignalValue } from './options/values.js'
