/**
 * What a keeper's body has beyond a daemon: sockets that outlive it, word from the keeper, and an end without a gap. A
 * file of its own, which only such a body loads, before its program. Runs in a keeper's body.
 */

import type { Binding } from '../binding/load.js'
import type { NativeMessage, Passage, Work } from '../binding/native.js'
import { seam } from '../binding/seam.js'
import type { Attached, KeptBody, KeptEvents } from '../inside/kept-body.js'
import { Connections, drain } from './drain.js'
import { Inheritance } from './inherit.js'
import { Listening } from './listen.js'
import { KeeperAsSupervisor } from './supervisor.js'

/** Begins in the main thread: takes the sockets, and hears the keeper from now on. */
export function begin(
  binding: Binding,
  instance: number,
  attached: Attached | undefined,
  events: KeptEvents,
): KeptBody {
  const sockets = binding.takeKeptSockets()
  seam(binding, 'kept.begun')
  const connections = new Connections()
  const listening = new Listening(binding, (server) => connections.follow(server), sockets)
  listening.hook()
  const work = binding.Work.begin(true)
  const inheritance = new Inheritance(binding, listening)
  let isDraining = false
  const onDrain = (passage: Passage | undefined, keys: readonly string[]): void => {
    if (isDraining) return
    isDraining = true
    seam(binding, 'kept.draining')
    events.draining()
    binding.endRotation()
    tellWorkers()
    const heir = passage === undefined ? undefined : { passage, keys }
    const leave = (): void => work.leave()
    drain(listening, connections, { heir, inheritance }, leave, () => {
      // An empty event loop would end the program before its handlers for the signal that follows have run.
      setInterval(() => {}, 2 ** 31 - 1)
      work.finish()
    })
  }
  const hear = ({ kind, text, fd }: NativeMessage): void => {
    switch (kind) {
      case 'drain':
        onDrain(passageOf(binding, fd), text.split('\n'))
        break
      case 'heir': {
        const passage = passageOf(binding, fd)
        if (passage !== undefined) inheritance.follow(passage)
        break
      }
      case 'closed':
        listening.drop(text)
        break
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
  const failure = binding.hearKeeper(() => {
    for (const message of binding.receiveFromKeeper()) hear(message)
  })
  if (failure !== null) throw new Error(`daimon: the keeper cannot be heard: ${failure.message}`)
  return {
    instance,
    sockets,
    supervisor: attached === undefined ? undefined : new KeeperAsSupervisor(binding, attached),
    get isDraining() {
      return isDraining
    },
    end() {
      listening.isLeaving = true
    },
    hold() {
      const held = binding.Work.begin(false)
      // What waits for the outcome hears it before.
      return () => void setImmediate(() => held.finish())
    },
  }
}

/**
 * In a worker: its servers have the same sockets, and are drained as those of TLS are. Connections are not moved, since
 * a thread cannot send what another one has opened the passage for.
 */
export function beginWorker(binding: Binding): void {
  const connections = new Connections()
  let work: Work | undefined
  const listening = new Listening(binding, (server) => {
    connections.follow(server)
    work ??= binding.Work.beginInWorker()
  })
  listening.hook()
  const channel = new (process.getBuiltinModule('node:worker_threads').BroadcastChannel)(DRAIN)
  channel.onmessage = () => {
    channel.close()
    const leave = (): void => work?.leave()
    drain(listening, connections, {}, leave, () => work?.finish())
  }
  channel.unref()
}

/** The channel by which the main thread tells the workers of this process that they are to drain. */
const DRAIN = 'daimon: drain'

function tellWorkers(): void {
  const channel = new (process.getBuiltinModule('node:worker_threads').BroadcastChannel)(DRAIN)
  channel.postMessage(undefined)
  channel.close()
}

function passageOf(binding: Binding, fd: number | undefined): Passage | undefined {
  return fd === undefined ? undefined : (binding.Passage.of(fd) ?? undefined)
}
