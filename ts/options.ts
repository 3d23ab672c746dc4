/** Options: the public interfaces, their validation and the complete settings that come of it. */

export { checkOptions, makeDefaultFolder } from './options/check.js'
export {
  accountValue,
  type Limit,
  type LimitName,
  type LimitValue,
  type ProcessOptions,
} from './options/process.js'
export { signalActionValue, signalNameValue } from './options/signals.js'
export type {
  CommonOptions,
  DaemonizeOptions,
  DaemonOptions,
  Detach,
  FileStdio,
  Logger,
  LogOptions,
  LogsOptions,
  LogsSettings,
  OptionsForm,
  PathLike,
  ReadyMode,
  Rotation,
  RunFunction,
  Settings,
  Stdio,
  StopOptions,
  StopSettings,
  WithOptions,
} from './options/types.js'
export {
  validateLogsOptions,
  validateOptions,
  validateStopOptions,
  validateWaitOptions,
} from './options/validate.js'
export { abortSignalValue } from './options/values.js'
