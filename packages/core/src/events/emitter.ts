import diagnosticsChannel from 'node:diagnostics_channel'

/** Stops a listener from being called. */
export type Unsubscribe = () => void

/** What emits the events of `M`, a map from an event's name to its data. */
export interface EventSource<M extends object> {
  /** Never there: lets the type `M` be inferred, which a generic method alone does not. */
  readonly events?: M
  /** Calls `listener` at every event `name`, synchronously; what it throws becomes a process warning. */
  on<K extends keyof M & string>(name: K, listener: (data: M[K]) => void): Unsubscribe
}

/**
 * The events of one service. Each is mirrored on the diagnostics channel `pigeonhole:<service>:<event>`.
 * A listener that throws is contained: observers never change what they observe.
 */
export class Emitter<M extends object> implements EventSource<M> {
  readonly #service: string
  readonly #channels = new Map<string, diagnosticsChannel.Channel>()
  readonly #listeners = new Map<keyof M, Set<(data: never) => void>>()

  constructor(service: string) {
    this.#service = service
  }

  on<K extends keyof M & string>(name: K, listener: (data: M[K]) => void): Unsubscribe {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  emit<K extends keyof M & string>(name: K, data: M[K]): void {
    const channel = this.#channelOf(name)
    if (channel.hasSubscribers) channel.publish(data)
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(data as never)
      } catch (error) {
        process.emitWarning(warningOf(error))
      }
    }
  }

  #channelOf(name: string): diagnosticsChannel.Channel {
    const known = this.#channels.get(name)
    if (known) return known
    const channel = diagnosticsChannel.channel(`pigeonhole:${this.#service}:${name}`)
    this.#channels.set(name, channel)
    return channel
  }
}

// Node prints the property `detail` of a warning, in which PostgreSQL's errors quote rows: listeners are given such errors.
function warningOf(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown))
  const { name, message, stack } = thrown
  return Object.assign(new Error(message, { cause: thrown }), { name, stack })
}
