import type { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { Delivery } from '../inbox/delivery.js'
import type { MessageId } from '../inbox/message-id.js'
import type { OutboxRow } from './outbox-store.js'
import type { CapturedRow } from './relay-store.js'

/** A place in a trace as W3C Trace Context writes it. It travels in headers of its message. */
export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string
}

/** What an outbox needs of a tracer. */
export interface OutboxTracing {
  /**
   * Runs `insert`, which takes the creation context of each of `rows`, in their order: undefined, or none, where none is to travel
   * with a message. Resolves and rejects as `insert` does.
   */
  create<R>(
    rows: readonly OutboxRow[],
    insert: (contexts: readonly (TraceContext | undefined)[]) => Promise<R>,
  ): Promise<R>
}

/** A batch of messages that was sent, or was to be. */
export interface SentBatch {
  readonly relay: string
  readonly shard: number
  /** At least one. The headers of each have its creation context. */
  readonly rows: readonly CapturedRow[]
  /** From the first byte sent to the acknowledged commit, or to the failure. */
  readonly durationMs: number
  /** Undefined: Kafka has committed it. Otherwise it has not, or nobody knows, and the next opening finds out. */
  readonly error: unknown
}

/** What a relay needs of a tracer. */
export interface RelayTracing {
  /**
   * Runs a relay's work, of which nothing else in the process is to tell: it looks at the outbox hundreds of times a second, and what
   * other instrumentation writes into the headers of a message would take the place of its creation context.
   */
  unobserved<R>(work: () => R): R
  /** Hears of each batch once it is over. Must not throw. */
  sent(batch: SentBatch): void
}

/** A message that a handler is about to get. Its headers have its creation context. */
export interface HandledMessage {
  readonly delivery: Delivery
  readonly identity: { readonly id: MessageId | undefined }
}

/** One call of a handler. */
export interface HandlerCall {
  /** At least one; more than one only where `isBatch`. */
  readonly messages: readonly HandledMessage[]
  /** Whether the handler is one of batches. */
  readonly isBatch: boolean
}

/** Runs `handler` in the trace of what it handles. Resolves and rejects as it does. */
export type TraceHandler = <R>(call: HandlerCall, handler: () => Promise<R>) => Promise<R>

/** What an inbox needs of a tracer. */
export interface InboxTracing {
  /**
   * Runs one attempt at a transaction of `inbox`, in which handlers are called by way of `trace`, or none where there is nothing but
   * repeats. What they did counts when `transaction` resolves, and is rolled back when it rejects. Resolves and rejects as it does.
   */
  process<R>(inbox: string, transaction: (trace: TraceHandler) => Promise<R>): Promise<R>
}

/** How an operation has ended that has not failed. */
export type TracedEnd =
  | { readonly status: 'done' | 'refused' | 'replayed' }
  /** Its key was not let in: another attempt runs, or it belongs to another input. */
  | { readonly status: 'rejected'; readonly error: PigeonholeError<'KEY_RUNNING' | 'KEY_REUSED'> }

/** What idempotency needs of a tracer. */
export interface IdempotencyTracing {
  /**
   * Runs `work`: an operation from its first BEGIN to the end of its last attempt, in which its handler is called, or is not where the
   * answer is stored. Resolves and rejects as it does: where it rejects, the operation has failed.
   */
  run<End extends TracedEnd>(operation: string, work: () => Promise<End>): Promise<End>
}

/**
 * Tells a tracer of messages, when they are created, sent and handled, and of operations. It changes nothing of what it tells of.
 */
export interface Tracing extends OutboxTracing, RelayTracing, InboxTracing, IdempotencyTracing {}

/** Tells nobody, and costs nothing. */
export const untraced: OutboxTracing & RelayTracing & InboxTracing = {
  create: (_rows, insert) => insert([]),
  unobserved: (work) => work(),
  sent: () => undefined,
  process: (_inbox, transaction) => transaction((_call, handler) => handler()),
}
