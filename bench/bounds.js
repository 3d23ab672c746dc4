/** What the project promises: the most that each figure may be, and for `writing` and `newConnections` the least. */
export const BOUNDS = {
  /** `start()` until the port accepts: a ratio to the same by spawn, and ms more than a spawn with a preload. */
  startRatio: 1.05,
  start: 3,
  /** From the server's own `listening` until `start()` resolves, in ms. */
  ready: 3,
  /** The longest stall of the event loop in a start, in ms above rounds without a start. */
  stall: 0.3,
  /** `daimon start` until the port accepts, in ms more than the fastest of npm's commands. */
  commandStart: 0,
  /** `daimon status` and `daimon stop`, to `node -e 0`. */
  command: 1.6,
  /** From the daemon's death until `stop()` resolves, in ms. */
  stop: 1,
  /** `connect()` to a running daemon: a ratio to `net.connect` and a byte back from a server by hand. */
  connect: 2,
  /** `connect()` that starts the daemon, in ms more than a spawn with a preload and attempts to connect. */
  coldConnect: 3,
  /** The import of the package, in ms above an empty module. */
  import: 4,
  /** `status()`, to `readFileSync` of the pidfile. */
  status: 4,
  /** The memory of a daemon, in MB more than the same server by hand. */
  memory: 2,
  /** Processes beside the daemon. */
  processes: 0,
  /** From too large a log until it is rotated, in ms. */
  rotation: 20,
  /** The memory of a keeper (PSS), in MB, as it is built here, with glibc. The published one, static, has 0.24. */
  keeperMemory: 0.7,
  /** Requests that fail while programs are replaced under load. */
  upgradeFailures: 0,
  /** New connections a second of instances: the least ratio to those of node:cluster. */
  newConnections: 1.2,
  /** The processor time for a new connection: a ratio to that of node:cluster. */
  connectionCpu: 0.8,
  /** The speed of writing to a log with `maxSize`, to that without. */
  writing: 0.95,
}
