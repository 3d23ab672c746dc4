/**
 * Listeners on `process` that stay when other code removes all listeners. Part of what is loaded before a script: it
 * imports nothing.
 *
 * Node.js starts and stops watching a signal in listeners of its own, for 'newListener' and 'removeListener'. Ours for
 * 'removeListener' stand before and after Node's: a removed listener is back before Node.js checks whether any is left,
 * so that the system's default is never in force in between.
 */

type Listener = Parameters<NodeJS.EventEmitter['on']>[1]

interface Kept {
  readonly listener: Listener
  /** Asked with every change of the event's listeners. */
  readonly isWanted: () => boolean
  readonly isFirst: boolean
}

/** The methods as they are now: `asking.ts` wraps them for a while. */
const { listeners } = process
const events: NodeJS.EventEmitter = process
const kept: Map<string, Kept[]> = new Map()
/** Node's own listener that starts watching a signal; undefined in a runtime that does so in another way. */
let watchSignal: Listener | undefined
let isScheduled = false
/** While we change listeners ourselves, nothing has to be put back. */
let isArranging = false
let isRemoving = false
const always = (): boolean => true

/** The event's listeners now. */
export function listenersOf(event: string): readonly unknown[] {
  return Reflect.apply(listeners, process, [event])
}

/** Whether a listener is being removed: Node.js itself may then ask for the rest. */
export function isBeingRemoved(): boolean {
  return isRemoving
}

/**
 * Listens until the function that it gives is called; only while `isWanted` says so; before all other listeners with
 * `isFirst`; and once, even if other code adds again what `process.listeners()` gave.
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

/** Adds wanted listeners and removes unwanted ones. Called when the answer of `isWanted` may have changed. */
export function refresh(event: string): void {
  arrange(() => {
    // Node.js watches only signals that its 'newListener' listener has heard of.
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

/** Keeps Node's own listeners as well: without them Node.js would watch no signal any more. */
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

/** Bun emits no 'removeListener', and Deno stops watching a signal itself: there the methods are wrapped. */
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

/** Added at the end of the list: code that removes all goes through the list backwards, by the old indexes. */
function onRemoved(event: unknown): void {
  if (isArranging || typeof event !== 'string') return
  for (const { listener, isWanted } of kept.get(event) ?? []) {
    if (!isWanted() || listenersOf(event).includes(listener)) continue
    put(event, { listener, isWanted, isFirst: listener === beforeNode })
    schedule()
  }
}

/** The new listener is added right after this event. */
function onNew(event: string): void {
  if (!isArranging && kept.has(event)) schedule()
}

/**
 * Looks again after the synchronous code that changes listeners, and before any signal is delivered.
 * `removeAllListeners()` without an event's name drops the whole list at its end, without 'removeListener'.
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

/** Adds it a second time before it removes the first: the listener is never missing. */
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
