import { assertKnownOptions, assertWholeNumber } from '../options/known-options.js'
import type { OutboxStore } from '../ports/outbox-store.js'

/** What {@link createOutbox} takes. */
export interface OutboxOptions<Tx> {
  /** Where messages are kept until a relay has sent them: `prismaStore(prisma)`, `postgresStore(pool)`. */
  readonly store: OutboxStore<Tx>
  /**
   * Largest sum of key, value and headers of one message, in bytes. Keep it below the broker's `message.max.bytes`.
   * @default 1000000
   */
  readonly maxMessageBytes?: number
  /** The current W3C trace context, stored with each message. Default: none is stored. */
  readonly traceparent?: () => string | undefined
}

/** {@link OutboxOptions} with every default in place. */
export interface ResolvedOutboxOptions<Tx> {
  readonly store: OutboxStore<Tx>
  readonly maxMessageBytes: number
  readonly traceparent: () => string | undefined
}

/** @throws OPTION_INVALID */
export function resolveOutboxOptions<Tx>(options: OutboxOptions<Tx>): ResolvedOutboxOptions<Tx> {
  assertKnownOptions('createOutbox', options, ['store', 'maxMessageBytes', 'traceparent'])
  const { store, maxMessageBytes = 1_000_000, traceparent = () => undefined } = options
  assertWholeNumber('maxMessageBytes', maxMessageBytes, { min: 1 })
  return { store, maxMessageBytes, traceparent }
}
