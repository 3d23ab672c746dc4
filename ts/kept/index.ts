/**
 * What a keeper's body has beyond a daemon: sockets that outlive it, word from the keeper, and an end without a gap. A
 * file of its own, which only such a body loads, before its program. Runs in a keeper's body.
 */

import type { Binding } from '../binding/load.js'
import type { NativeMessage, Passage } from '../binding/native.js'
import type { KeptBody, KeptEvents } from '../inside/kept-body.js'
import { Connections, drain } from './drain.js'
import { inherit } from './inherit.js'
import { type OpenServer, openNet } from './internals.js'
import { Listening } from './listen.js'

/** Begins in the main thread: takes the sockets, and hears the keeper from now on. */
export function begin(binding: Binding, instance: number, events: KeptEvents): KeptBody {
  const sockets = binding.takeKeptSockets()
  const listening = new Listening(binding, Object.values(sockets))
  listening.hook()
  const connections = new Connections()
  follow(listening, connections)
  let isDraining = false
  const onDrain = (passage: Passage | undefined): void => {
    if (isDraining) return
    isDraining = true
    events.draining()
    drain(listening, connections, passage, () => binding.tellKeeper('drained', ''))
  }
  const hear = ({ kind, fd }: NativeMessage): void => {
    switch (kind) {
      case 'drain':
        onDrain(passageOf(binding, fd))
        break
      case 'heir': {
        const passage = passageOf(binding, fd)
        if (passage !== undefined) inherit(binding, listening, passage)
        break
      }
      case 'reopen':
        events.reopen()
        break
      case 'rotate':
        events.rotate()
        break
      case 'socket':
        // None comes any more.
        if (fd !== undefined) binding.closeDescriptor(fd)
        break
      default:
        kind satisfies never
    }
  }
  binding.hearKeeper(() => {
    for (const message of binding.receiveFromKeeper()) hear(message)
  })
  return {
    instance,
    sockets,
    get isDraining() {
      return isDraining
    },
    end() {
      listening.isLeaving = true
    },
  }
}

/** In a worker: its servers have the same sockets. */
export function beginWorker(binding: Binding): void {
  new Listening(binding).hook()
}

/** Notes the connections of each server from its first one on. */
function follow(listening: Listening, connections: Connections): void {
  const { prototype } = openNet().Server
  const listen = prototype._listen2
  prototype._listen2 = function _listen2(this: OpenServer, ...args): void {
    Reflect.apply(listen, this, args)
    if (listening.servers.has(this)) connections.follow(this)
  }
}

function passageOf(binding: Binding, fd: number | undefined): Passage | undefined {
  return fd === undefined ? undefined : binding.Passage.of(fd)
}
