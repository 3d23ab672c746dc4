/**
 * The hook in Node's `net`: a program that listens gets the socket that its keeper holds, and the keeper learns those
 * that the program opens itself. The program notices nothing. Runs in a keeper's body, in each of its threads.
 */

import type { Binding } from '../binding/load.js'
import { isSystemError } from '../binding/node-errors.js'
import { type Handle, type ListenArguments, type OpenServer, openNet } from './internals.js'

/** With Node's own, 511, an overloaded machine drops connections, as while two generations share it. */
const BACKLOG = 4_096
/** libuv's flags of a socket of TCP. */
const IPV6_ONLY = 1
const REUSE_PORT = 2

/** A server that listens at a socket of the keeper's. */
export interface Kept {
  readonly key: string
  readonly handle: Handle
}

/** The sockets that the program of this thread listens at. */
export class Listening {
  readonly servers: Map<OpenServer, Kept> = new Map()
  readonly #binding: Binding
  /** The names of those that were declared, by their keys. */
  readonly #declared: Map<string, string> = new Map()
  /** Which files the Unix sockets have, by their keys. */
  readonly #files = new Map<string, string>()
  /** From now on a closed server is closed by the drain, or by the daemon's end, and not given up. */
  isLeaving = false

  readonly #onServer: (server: OpenServer) => void
  /** Node's own. */
  readonly #create = openNet()._createServerHandle

  /**
   * @param onServer - called for each server that has a socket of the keeper's
   * @param declared - the descriptors of the sockets that were declared, by their names
   */
  constructor(
    binding: Binding,
    onServer: (server: OpenServer) => void,
    declared: Readonly<Record<string, number>> = {},
  ) {
    this.#binding = binding
    this.#onServer = onServer
    for (const [name, fd] of Object.entries(declared)) {
      const key = binding.keyOfDeclared(fd)
      if (key !== null) this.#declared.set(key, name)
    }
  }

  /** Wraps the functions by which servers listen. */
  hook(): void {
    const net = openNet()
    const { prototype } = net.Server
    const listening = this
    const listen = prototype._listen2
    prototype._listen2 = function _listen2(...args): void {
      listening.#listen(this, args, (...other) => Reflect.apply(listen, this, other))
    }
    // `cluster` makes its handles so.
    net._createServerHandle = function _createServerHandle(address, port, type, fd, flags) {
      const wanted = isGiven(fd) ? [] : listening.#keysOf(address, port, type, flags)
      const found = listening.#find(wanted, flags)
      if (found !== undefined) {
        listening.#binding.tellKeeper('taken', found.key)
        return found.handle
      }
      const handle = listening.#create(address, port, type, fd, flags)
      // libuv would remove the path of a Unix socket when this process closes it.
      const isShared = typeof handle !== 'number' && wanted.length > 0 && type !== -1
      if (isShared) listening.#share(handle, textOf(flags))
      return handle
    }
  }

  #listen(server: OpenServer, args: ListenArguments, listen: (...args: ListenArguments) => void): void {
    const [address, port, type, backlog, fd, flags] = args
    const wanted = server._handle === null ? this.#wanted(args) : []
    if (wanted.length === 0 || (!isGiven(fd) && this.#isTaken(wanted, flags))) {
      listen(...args)
      return
    }
    const wide = Math.max(backlog || 0, BACKLOG)
    const found = this.#find(wanted, flags)
    if (found !== undefined) {
      server._handle = found.handle
      listen(null, null, null, wide, undefined, flags)
      if (server._handle !== null) {
        this.#binding.tellKeeper('taken', found.key)
        this.#track(server, found.key, server._handle)
      }
      return
    }
    const path = type === -1 ? wanted[0]?.slice(UNIX.length) : undefined
    const own = path === undefined ? undefined : this.#binding.listenAtSocketPath(path, wide)
    // libuv removes a path when it closes what it has bound itself: the next generation's address. Its own error, if
    // there is one, is the program's.
    if (typeof own === 'number') listen(null, null, null, wide, own, flags)
    else listen(address, port, type, wide, fd, flags)
    const handle = server._handle
    if (handle === null) this.#nameDeclared(server, port)
    else this.#learn(server, handle, flags, typeof own === 'number' ? path : undefined)
  }

  /**
   * Gives the keeper a socket that the program has opened, a turn later: one that is only tried, and closed again, must
   * be free at once.
   *
   * @param path - of a Unix socket whose file Node.js does not remove
   */
  #learn(server: OpenServer, handle: Handle, flags: number | undefined, path: string | undefined): void {
    const file = path === undefined ? undefined : fileAt(path)
    const onClose = (): void => {
      if (path !== undefined && file !== undefined && fileAt(path) === file) unlink(path)
    }
    server.once('close', onClose)
    setImmediate(() => {
      // A closed one has no number any more. `cluster` takes the handle out of its server.
      if (handle.fd < 0 || this.isLeaving) return
      const key = this.#share(handle, textOf(flags))
      if (key === undefined) return
      server.removeListener('close', onClose)
      this.#track(server, key, handle)
    })
  }

  /** Whether another server of this thread listens there, which the system refuses. */
  #isTaken(keys: readonly string[], flags = 0): boolean {
    if ((flags & REUSE_PORT) !== 0) return false
    return [...this.servers].some(
      ([server, { key, handle }]) => server._handle === handle && keys.includes(key),
    )
  }

  /** The keys of what the program asks for; a declared socket may be asked for by its descriptor. */
  #wanted([address, port, type, , fd, flags]: ListenArguments): string[] {
    if (typeof fd !== 'number' || fd < 0) return this.#keysOf(address, port, type, flags)
    const key = this.#binding.keyOfDeclared(fd)
    return key === null ? [] : [key]
  }

  /** The error that follows names the declared socket that has the port, at another address. */
  #nameDeclared(server: OpenServer, port: number | null): void {
    const [key, name] = [...this.#declared].find(([key]) => portOf(key) === port) ?? []
    if (key === undefined) return
    const emitter: NodeJS.EventEmitter = server
    emitter.once(process.getBuiltinModule('node:events').errorMonitor, (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return
      const { message, stack } = error
      error.message = `${message}: the option listen.${name} has ${key.slice(TCP.length)}; listen there, or change it`
      if (stack !== undefined) error.stack = stack.replace(message, error.message)
    })
  }

  /** The first of the keeper's sockets with these keys that can be opened. */
  #find(keys: readonly string[], flags: number | undefined): Kept | undefined {
    for (const key of keys) {
      if (!this.#isReachable(key)) {
        this.#binding.giveUpSocket(key)
        continue
      }
      const fd = this.#binding.keptSocket(key)
      if (fd === null) continue
      const handle = this.#create(null, null, null, fd, flags)
      if (typeof handle !== 'number') return { key, handle }
      // The handle has not taken it. The program has the error of its own attempt.
      this.#binding.closeDescriptor(fd)
    }
    return undefined
  }

  /** Whether the file of a Unix socket is still there: the program may have removed it, to make it again. */
  #isReachable(key: string): boolean {
    if (!key.startsWith(UNIX) || this.#declared.has(key)) return true
    const file = fileAt(key.slice(UNIX.length))
    const known = this.#files.get(key)
    return file === undefined || (file !== GONE && (known === undefined || known === file))
  }

  /** The key that the keeper has for a socket of the program's, if it takes it. */
  #share({ fd }: Handle, flags: string): string | undefined {
    return fd < 0 ? undefined : (this.#binding.shareSocket(fd, flags) ?? undefined)
  }

  #keysOf(address: string | null, port: number | null, type: number | null, flags?: number): string[] {
    if (type === -1 && address !== null) {
      // An abstract one has no file.
      if (address === '' || address.startsWith('\0')) return []
      return [UNIX + process.getBuiltinModule('node:path').resolve(address)]
    }
    if (port === null || port <= 0) return []
    // Without an address Node.js tries both, in this order.
    const hosts = address === null || address === '' ? ['::', '0.0.0.0'] : [address]
    const keys = hosts.map((host) => this.#binding.keyOfSocket(host, port, textOf(flags)))
    return keys.filter((key) => key !== null)
  }

  #track(server: OpenServer, key: string, handle: Handle): void {
    const kept: Kept = { key, handle }
    this.servers.set(server, kept)
    this.#onServer(server)
    const file = key.startsWith(UNIX) ? fileAt(key.slice(UNIX.length)) : undefined
    if (file !== undefined) this.#files.set(key, file)
    const ended = (): void => {
      // It may have been closed before, and listen again.
      if (server._handle === handle) server.once('close', ended)
      else if (this.servers.get(server) === kept) this.servers.delete(server)
    }
    server.once('close', ended)
    // Its event 'close' waits for the last connection, but nobody accepts from now on.
    const close = handle.close
    handle.close = (...args) => {
      // It is dropped by the keeper's word, because the program may listen there again.
      if (!this.isLeaving) this.#binding.tellKeeper('closed', key)
      Reflect.apply(close, handle, args)
    }
  }

  /**
   * The keeper has dropped a socket, at which nobody has listened for a while, with the file of a Unix socket. Whoever
   * has begun to listen meanwhile gives it to the keeper again.
   */
  drop(key: string): void {
    const [, kept] =
      [...this.servers].find(([server, one]) => one.key === key && server._handle === one.handle) ?? []
    if (kept === undefined) this.#binding.giveUpSocket(key)
    else this.#share(kept.handle, flagsOf(key))
  }
}

const UNIX = 'unix '
const TCP = 'tcp '

/** The port of a key of TCP: `tcp 127.0.0.1:80`, with flags after that. */
function portOf(key: string): number | undefined {
  const found = /^tcp \S+:(\d+)/.exec(key)
  return found === null ? undefined : Number(found[1])
}

/** The flags of a key, as `textOf` gives them. */
function flagsOf(key: string): string {
  return /^tcp \S+ (\w+)$/.exec(key)?.[1] ?? ''
}

function isGiven(fd: number | null | undefined): boolean {
  return typeof fd === 'number' && fd >= 0
}

function textOf(flags = 0): string {
  return `${(flags & IPV6_ONLY) === 0 ? '' : '6'}${(flags & REUSE_PORT) === 0 ? '' : 'r'}`
}

function unlink(path: string): void {
  try {
    process.getBuiltinModule('node:fs').unlinkSync(path)
  } catch {
    // It has gone, or may not be removed by this user any more.
  }
}

/** No file is there. */
const GONE = 'gone'

/** Which file is at the path, or `GONE`; undefined when that cannot be seen. */
function fileAt(path: string): string | undefined {
  try {
    const { dev, ino } = process.getBuiltinModule('node:fs').lstatSync(path, { bigint: true })
    return `${dev} ${ino}`
  } catch (error) {
    return isSystemError(error) && error.code === 'ENOENT' ? GONE : undefined
  }
}
