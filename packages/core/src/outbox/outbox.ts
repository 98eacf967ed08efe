import { Emitter, type EventSource } from '../events/emitter.js'
import type { HeadersInput } from '../message/headers.js'
import type { KeyInput, Topic } from '../message/topic.js'
import type { OutboxRow } from '../ports/outbox-store.js'
import { carryTrace } from './carry-trace.js'
import { composeRow, type RawMessage } from './compose-row.js'
import { encodeValue } from './encode-value.js'
import { type OutboxOptions, type ResolvedOutboxOptions, resolveOutboxOptions } from './outbox-options.js'

/** How one message, or each of many, is published. */
export interface PublishOptions {
  /** Overrides the topic's own key function. */
  readonly key?: KeyInput
  /** Default: none. */
  readonly headers?: HeadersInput
  /** Default: the partition follows from the key. */
  readonly partition?: number
  /**
   * Takes a lock on topic and key until the transaction ends, so that messages of one key leave in the order in which
   * their transactions commit, whatever these lock or read. Default false: publish after the statement that locks or
   * reads the aggregate, and the order holds without it.
   */
  readonly ordered?: boolean
}

/** What an outbox tells. Nothing is committed yet when an event fires, and a rolled-back transaction fires them too. */
export interface OutboxEvents {
  /**
   * Messages have been inserted in the caller's open transaction: they are sent if it commits.
   * @commit Before the caller's own commit, which may yet not be.
   */
  'messages:published': { readonly count: number }
}

/** Publishes messages in the user's own transactions: they are sent if these commit, and never otherwise. */
export interface Outbox<Tx> extends EventSource<OutboxEvents> {
  /**
   * Publishes `value` in the open transaction `tx`. Resolves to the message's id.
   * @throws OUTSIDE_TRANSACTION, VALUE_INVALID, VALUE_NOT_SERIALISABLE, MESSAGE_TOO_LARGE, HEADER_INVALID
   */
  publish<In>(
    tx: Tx,
    topic: Topic<In, unknown>,
    value: NoInfer<In>,
    options?: PublishOptions,
  ): Promise<string>
  /** Publishes `values` in their order, in one statement. Resolves to their ids. Throws like {@link publish}. */
  publishMany<In>(
    tx: Tx,
    topic: Topic<In, unknown>,
    values: readonly NoInfer<In>[],
    options?: PublishOptions,
  ): Promise<string[]>
  /** Publishes bytes as they are, to any topics, in their order, in one statement. Resolves to their ids. */
  publishRaw(
    tx: Tx,
    messages: readonly RawMessage[],
    options?: Pick<PublishOptions, 'ordered'>,
  ): Promise<string[]>
  /** Publishes a null value for `key`: on a compacted topic it deletes what the key had. Resolves to the message's id. */
  tombstone(
    tx: Tx,
    topic: Topic<never, unknown>,
    key: string | Uint8Array,
    options?: Omit<PublishOptions, 'key'>,
  ): Promise<string>
}

/**
 * Creates an outbox over `store`.
 * @throws OPTION_INVALID
 */
export function createOutbox<Tx>(options: OutboxOptions<Tx>): Outbox<Tx> {
  return new StoredOutbox(resolveOutboxOptions(options))
}

class StoredOutbox<Tx> extends Emitter<OutboxEvents> implements Outbox<Tx> {
  readonly #options: ResolvedOutboxOptions<Tx>

  constructor(options: ResolvedOutboxOptions<Tx>) {
    super('outbox')
    this.#options = options
  }

  async publish<In>(
    tx: Tx,
    topic: Topic<In, unknown>,
    value: NoInfer<In>,
    options: PublishOptions = {},
  ): Promise<string> {
    const [id] = await this.publishMany(tx, topic, [value], options)
    return id as string
  }

  async publishMany<In>(
    tx: Tx,
    topic: Topic<In, unknown>,
    values: readonly NoInfer<In>[],
    options: PublishOptions = {},
  ): Promise<string[]> {
    const { key: fixedKey, ordered = false, ...rest } = options
    const messages: RawMessage[] = []
    for (const value of values) {
      const key = fixedKey === undefined ? topic.key?.(value) : fixedKey
      messages.push({ ...rest, topic: topic.name, key, value: await encodeValue(topic, value) })
    }
    return this.publishRaw(tx, messages, { ordered })
  }

  async publishRaw(
    tx: Tx,
    messages: readonly RawMessage[],
    { ordered = false }: Pick<PublishOptions, 'ordered'> = {},
  ): Promise<string[]> {
    if (messages.length === 0) return []
    const { store, tracing, maxMessageBytes } = this.#options
    const composed = messages.map((message) => composeRow(message, this.#options))
    const rows = await tracing.create(composed, async (contexts) => {
      const traced = composed.map((row, index) => carryTrace(row, contexts[index], maxMessageBytes))
      if (ordered) await store.lockKeys(tx, traced.filter(hasKey))
      await store.insertMessages(tx, traced)
      return traced
    })
    this.emit('messages:published', { count: rows.length })
    return rows.map((row) => row.id)
  }

  async tombstone(
    tx: Tx,
    topic: Topic<never, unknown>,
    key: string | Uint8Array,
    { ordered = false, ...rest }: Omit<PublishOptions, 'key'> = {},
  ): Promise<string> {
    const [id] = await this.publishRaw(tx, [{ ...rest, topic: topic.name, key, value: null }], { ordered })
    return id as string
  }
}

function hasKey(row: OutboxRow): row is OutboxRow & { readonly key: Uint8Array } {
  return row.key !== null
}
