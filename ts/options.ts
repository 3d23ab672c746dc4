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
  Logger,
  OptionsForm,
  PathLike,
  ReadyMode,
  RunFunction,
  Settings,
  Stdio,
  StopOptions,
  StopSettings,
  WithOptions,
} from './options/types.js'
export { validateOptions, validateStopOptions, validateWaitOptions } from './options/validate.js'
