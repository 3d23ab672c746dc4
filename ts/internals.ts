/**
 * The values that the command line and the restart's helper, which are separate bundles, use of the facade's modules.
 * The build turns their imports of these names into reads of this object, so that each module exists once. Not public.
 */

import { explainDenial, ifPermitted, isDenied } from './binding/denied.js'
import { exited } from './binding/waits.js'
import { findHolder, stopHolder } from './control/stop.js'
import { AlreadyRunningError, StopTimeoutError, UnverifiedError } from './errors.js'
import { encodePayload } from './handover/payload.js'
import { decodeRelaunch } from './handover/relaunch.js'
import { isA, isErrorLike, messageOf, propertyOf, shown, textOf } from './handover/thrown.js'
import { HANDOVER_VERSION } from './handover/version.js'
import { writeStderr } from './inside/stderr.js'
import { Launch } from './launcher/launch.js'
import { absolutePath, currentFolder } from './options/current-folder.js'
import { isReadOnly, makeFolder } from './options/folder.js'
import { LOG_PARTS } from './options/log.js'
import {
  defaultLogFile,
  HOME_VARIABLE,
  homeAdvice,
  homeVariable,
  isLogFolderMade,
  modesOf,
  NAME,
} from './options/places.js'
import { scriptProblem } from './options/script.js'
import { signalName } from './options/signal-names.js'
import { listed, NAMES, OPTIONS } from './options/table.js'
import { didYouMean, messageIn } from './say.js'
import { isSupervised } from './supervisor/environment.js'

/** A function, so that an import of the package does not pay for it. */
export function internals(): object {
  return {
    AlreadyRunningError,
    HANDOVER_VERSION,
    HOME_VARIABLE,
    LOG_PARTS,
    Launch,
    NAME,
    NAMES,
    OPTIONS,
    StopTimeoutError,
    UnverifiedError,
    absolutePath,
    currentFolder,
    decodeRelaunch,
    defaultLogFile,
    didYouMean,
    encodePayload,
    exited,
    explainDenial,
    findHolder,
    homeAdvice,
    homeVariable,
    ifPermitted,
    isA,
    isDenied,
    isErrorLike,
    isLogFolderMade,
    isReadOnly,
    isSupervised,
    listed,
    makeFolder,
    messageIn,
    messageOf,
    modesOf,
    propertyOf,
    scriptProblem,
    shown,
    signalName,
    stopHolder,
    textOf,
    writeStderr,
  }
}
