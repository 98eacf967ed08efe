import type { Topic } from '../message/topic.js'
import type { PublishOptions } from '../outbox/outbox.js'

/** A consumed message, decoded and held to its topic's schema. */
export interface Message<Value> {
  readonly topic: string
  /** Absent where the message carries none. */
  readonly id: string | undefined
  readonly key: Uint8Array | null
  /** `null` for a tombstone, if the topic's schema lets it pass. */
  readonly value: Value
  readonly headers: readonly (readonly [name: string, value: Uint8Array])[]
  readonly partition: number | undefined
  readonly offset: bigint | undefined
  readonly timestamp: Date | undefined
}

/** What a handler is given. */
export interface HandlerContext<Tx, Value> {
  readonly message: Message<Value>
  /** The transaction that also holds the inbox's own rows: what is written through it is committed once. */
  readonly tx: Tx
  /** Publishes in the same transaction. Resolves to the message's id. */
  readonly publish: <In>(
    topic: Topic<In, unknown>,
    value: NoInfer<In>,
    options?: PublishOptions,
  ) => Promise<string>
  /** Aborts when the partition is lost, the time is up or the consumer stops: hand it to what you await. */
  readonly signal: AbortSignal
}

/** Handles one message. Its transaction commits when it resolves and rolls back when it rejects. */
export type Handler<Tx, Value> = (context: HandlerContext<Tx, Value>) => Promise<void> | void

/** A topic and what handles its messages. */
export interface Binding<Tx> {
  readonly topic: Topic<never, unknown>
  readonly handler: Handler<Tx, never>
}

/** Binds `handler` to the messages of `topic`. */
export function on<Tx, Out>(topic: Topic<never, Out>, handler: Handler<Tx, Out>): Binding<Tx> {
  return { topic, handler: handler as Handler<Tx, never> }
}
