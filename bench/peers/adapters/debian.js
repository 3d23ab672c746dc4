import { join } from 'node:path'
import { NODE, server } from './words.js'

const ssd = (place) => join(place.folder, 'sbin/start-stop-daemon')
const whose = (app) => ['--pidfile', app.pidFile, '--exec', NODE]

/** Matches pidfile and `--exec`: that spares other programs, but not other scripts of the same Node.js. */
export const startStopDaemon = {
  name: 'start-stop-daemon',
  from: { debian: 'start-stop-daemon' },
  // No `--notify-await`: Node.js cannot send the datagram to NOTIFY_SOCKET.
  commands: {
    start: (place, app) => [
      ssd(place),
      ...['--start', '--quiet', '--background', '--make-pidfile', ...whose(app), '--', ...server(app)],
    ],
    stop: (place, app) => [
      ssd(place),
      ...['--stop', '--quiet', '--remove-pidfile', '--retry', 'TERM/1/KILL/5', ...whose(app)],
    ],
    status: (place, app) => [ssd(place), '--status', ...whose(app)],
  },
  stale: (_place, app) => app.pidFile,
}

export const daemonize = {
  name: 'daemonize',
  from: { debian: 'daemonize' },
  commands: {
    start: (place, app) => [
      join(place.folder, 'usr/bin/daemonize'),
      ...['-p', app.pidFile, '-l', `${app.pidFile}.lock`, NODE, ...server(app)],
    ],
  },
}
