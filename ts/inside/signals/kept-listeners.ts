/**
 * Listeners on `process` that stay, whoever takes listeners away by the dozen. Part of what is loaded before a script,
 * so it imports nothing.
 *
 * Node.js begins and ends to watch a signal by listeners of its own, for 'newListener' and 'removeListener'. Ours for
 * 'removeListener' stand on both sides of Node's: what is taken away is back before Node.js looks whether anybody still
 * listens, so that the system's default is never in force in between.
 */

type Listener = Parameters<NodeJS.EventEmitter['on']>[1]

interface Kept {
  readonly listener: Listener
  /** Asked with every change of the event's listeners. */
  readonly isWanted: () => boolean
  readonly isFirst: boolean
}

/** As they are; who listens may be asked through others for a while (`asking.ts`). */
const { listeners } = process
const events: NodeJS.EventEmitter = process
const kept: Map<string, Kept[]> = new Map()
/** Node's own, by which it begins to watch a signal; a runtime that does so in another way has none. */
let watchSignal: Listener | undefined
let isScheduled = false
/** What we do to the listeners ourselves needs no second look. */
let isArranging = false
let isRemoving = false
const always = (): boolean => true

/** Who listens now. */
export function listenersOf(event: string): readonly unknown[] {
  return Reflect.apply(listeners, process, [event])
}

/** Whether Node.js itself may be asking who listens, since a listener has gone. */
export function isBeingRemoved(): boolean {
  return isRemoving
}

/**
 * Listens until what it gives is called: while `isWanted` says so, before all others if `isFirst` does, and once,
 * whoever adds what `process.listeners()` gave before.
 */
export function keep(
  event: string,
  listener: Listener,
  { isWanted = always, isFirst = false }: Partial<Omit<Kept, 'listener'>> = {},
): () => void {
  if (kept.size === 0) begin()
  const entry = remember(event, { listener, isWanted, isFirst })
  refresh(event)
  return () => {
    kept.set(
      event,
      (kept.get(event) ?? []).filter((other) => other !== entry),
    )
    process.off(event, listener)
  }
}

/** Adds what is wanted and takes away what is not; after a change of what `isWanted` says. */
export function refresh(event: string): void {
  arrange(() => {
    // What Node.js does not hear of it does not watch.
    if (event !== 'newListener') refresh('newListener')
    for (const entry of kept.get(event) ?? []) {
      const isOn = listenersOf(event).includes(entry.listener)
      if (entry.isWanted()) {
        if (!isOn) put(event, entry)
      } else if (isOn) {
        process.off(event, entry.listener)
      }
    }
  })
}

function put(event: string, { listener, isFirst }: Kept): void {
  if (isFirst) events.prependListener(event, listener)
  else events.on(event, listener)
  // It may have been away while these were added.
  if (listener === watchSignal) for (const name of kept.keys()) listener(name)
}

function remember(event: string, entry: Kept): Kept {
  kept.set(event, [...(kept.get(event) ?? []), entry])
  return entry
}

/** Node's own are kept as well: without them no signal is watched from then on, whoever listens. */
function begin(): void {
  const plain = { isWanted: always, isFirst: false }
  for (const [event, name] of [
    ['newListener', 'startListeningIfSignal'],
    ['removeListener', 'stopListeningIfSignal'],
  ] as const) {
    const nodes = events.listeners(event).find((listener) => listener.name === name) as Listener | undefined
    if (nodes !== undefined) remember(event, { ...plain, listener: nodes })
    if (event === 'newListener') watchSignal = nodes
  }
  if (watchSignal === undefined) hearCalls()
  for (const listener of [beforeNode, afterNode]) remember('removeListener', { ...plain, listener })
  remember('newListener', { ...plain, listener: onNew })
  arrange(() => {
    events.prependListener('removeListener', beforeNode)
    events.on('removeListener', afterNode)
    events.on('newListener', onNew)
  })
}

/** Bun tells nobody of a removal, and Deno gives a signal back itself: there the calls are heard. */
function hearCalls(): void {
  for (const name of ['off', 'removeListener', 'removeAllListeners'] as const) {
    const remove = process[name]
    const value = function (this: unknown, ...args: unknown[]): unknown {
      arrange(() => Reflect.apply(remove, this, args))
      for (const event of args.length === 0 ? kept.keys() : [args[0]]) onRemoved(event)
      return this
    }
    Object.defineProperty(process, name, { value, writable: true, configurable: true, enumerable: false })
  }
}

function beforeNode(event: string): void {
  isRemoving = true
  onRemoved(event)
}

function afterNode(event: string): void {
  isRemoving = false
  onRemoved(event)
}

/** At the end of the list, since who removes them all goes through it from behind, by the numbers that they had. */
function onRemoved(event: unknown): void {
  if (isArranging || typeof event !== 'string') return
  for (const { listener, isWanted } of kept.get(event) ?? []) {
    if (!isWanted() || listenersOf(event).includes(listener)) continue
    put(event, { listener, isWanted, isFirst: listener === beforeNode })
    schedule()
  }
}

/** The new one is on a moment later. */
function onNew(event: string): void {
  if (!isArranging && kept.has(event)) schedule()
}

/**
 * After the synchronous code that changes listeners, and before any signal is delivered. `removeAllListeners()` without
 * an event's name forgets all of them at its end, and tells nobody.
 */
function schedule(): void {
  if (isScheduled) return
  isScheduled = true
  queueMicrotask(() => {
    isScheduled = false
    isRemoving = false
    for (const event of kept.keys()) {
      refresh(event)
      arrange(() => setRight(event))
    }
  })
}

function setRight(event: string): void {
  for (const { listener, isFirst } of kept.get(event) ?? []) {
    const found = listenersOf(event).filter((other) => other === listener).length
    for (let surplus = found; surplus > 1; surplus--) process.off(event, listener)
    if (isFirst && found > 0 && listenersOf(event)[0] !== listener) lead(event, listener)
  }
  if (event === 'removeListener') surroundNode()
}

/** First there twice and then once: never not at all. */
function lead(event: string, listener: Listener): void {
  events.prependListener(event, listener)
  process.off(event, listener)
}

function surroundNode(): void {
  const order = listenersOf('removeListener')
  const nodes = order.findIndex((listener) => (listener as Listener).name === 'stopListeningIfSignal')
  if (nodes < 0) return
  if (order.indexOf(beforeNode) > nodes) lead('removeListener', beforeNode)
  if (order.indexOf(afterNode) > nodes) return
  process.off('removeListener', afterNode)
  events.on('removeListener', afterNode)
  isRemoving = false
}

function arrange(work: () => void): void {
  const before = isArranging
  isArranging = true
  try {
    work()
  } finally {
    isArranging = before
  }
}
