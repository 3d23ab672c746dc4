/** Options: the public interfaces, their validation and the complete settings that come of it. */

export { checkOptions, makeDefaultFolder } from './options/check.js'
export {
  accountValue,
  type Limit,
  type LimitName,
  type LimitValue,
  type ProcessOptions,
} from './options/process.js'
export type {
  FileStdio,
  LogsSettings,
  OptionsForm,
  Rotation,
  Settings,
  Stdio,
  StopSettings,
} from './options/settings.js'
export { signalActionValue, signalNameValue } from './options/signals.js'
export type {
  CommonOptions,
  DaemonizeOptions,
  DaemonOptions,
  Detach,
  Logger,
  LogOptions,
  LogsOptions,
  PathLike,
  ReadyMode,
  RunFunction,
  StopOptions,
  WithOptions,
} from './options/types.js'
export {
  validateLogsOptions,
  validateOptions,
  validateStopOptions,
  validateWaitOptions,
} from './options/validate.js'
export { abortSignalValue } from './options/values.js'
