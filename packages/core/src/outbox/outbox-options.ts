import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { assertKnownOptions, assertWholeNumber } from '../options/known-options.js'
import type { OutboxStore } from '../ports/outbox-store.js'
import { type OutboxTracing, untraced } from '../ports/tracing.js'
import { carryCurrent } from './carry-trace.js'

/** What {@link createOutbox} takes. */
export interface OutboxOptions<Tx> {
  /** Where messages are kept until a relay has sent them: `prismaStore(prisma)`, `postgresStore(pool)`. */
  readonly store: OutboxStore<Tx>
  /**
   * Largest sum of key, value and headers of one message, in bytes. Keep it below the broker's `message.max.bytes`.
   * @default 1000000
   */
  readonly maxMessageBytes?: number
  /** A tracer, which is told of each message that is created, and whose context the message carries. @default none */
  readonly tracing?: OutboxTracing
  /** Without `tracing`: the current W3C trace context, stored with each message. @default none */
  readonly traceparent?: () => string | undefined
}

/** {@link OutboxOptions} with every default in place. */
export interface ResolvedOutboxOptions<Tx> {
  readonly store: OutboxStore<Tx>
  readonly maxMessageBytes: number
  readonly tracing: OutboxTracing
}

/** @throws OPTION_INVALID */
export function resolveOutboxOptions<Tx>(options: OutboxOptions<Tx>): ResolvedOutboxOptions<Tx> {
  assertKnownOptions('createOutbox', options, ['store', 'maxMessageBytes', 'tracing', 'traceparent'])
  const { store, maxMessageBytes = 1_000_000 } = options
  assertWholeNumber('maxMessageBytes', maxMessageBytes, { min: 1 })
  return { store, maxMessageBytes, tracing: tracingOf(options) }
}

function tracingOf<Tx>({ tracing, traceparent }: OutboxOptions<Tx>): OutboxTracing {
  if (!traceparent) return tracing ?? untraced
  if (!tracing) return carryCurrent(traceparent)
  throw new PigeonholeError('OPTION_INVALID', {
    message:
      'Options tracing and traceparent are given: a message carries one trace context, so leave one out',
    details: { option: 'traceparent' },
  })
}
