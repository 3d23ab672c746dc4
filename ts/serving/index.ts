/**
 * The service of the daemon's socket. A file of its own, `serving.js`, which `late.ts` loads when there is a socket,
 * because most daemons have none, and a client waits for it. Runs in the daemon; its connections by a pipe of Windows
 * run in clients, too.
 */

import type { ServicePlan } from '../inside/service.js'
import { Connections } from './connections.js'

export { framed } from './framed-socket.js'

/** Serves the daemon's socket. @throws StartFailedError when the socket that was inherited cannot be listened at */
export function serve(plan: ServicePlan): Connections {
  return new Connections(plan)
}
