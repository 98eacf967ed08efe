import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { bucketCount } from '../message/bucket.js'
import { assertKnownOptions, assertName, assertWholeNumber } from '../options/known-options.js'
import { type Clock, systemClock } from '../ports/clock.js'
import type { RelayPublisher } from '../ports/relay-publisher.js'
import type { RelayStore } from '../ports/relay-store.js'
import { type RelayTracing, untraced } from '../ports/tracing.js'
import type { Backoff } from '../retry/backoff.js'

/** What {@link createRelay} takes. */
export interface RelayOptions {
  /**
   * Names the relay in Kafka: its transactional ids and its checkpoint topic carry it. Two services with one name
   * would fence each other, so there is no default.
   */
  readonly name: string
  /** Where messages are read: `postgresStore(pool)`. */
  readonly store: RelayStore
  /** Where they are sent: `kafkajsPublisher(kafka)`. */
  readonly publisher: RelayPublisher
  /**
   * How many shards a new outbox is divided into, from 1 to 256: each sends by itself, in this process or another. An outbox
   * that has its shards already keeps them, whatever is given here: `reshard` changes them. @default 1
   */
  readonly shards?: number
  /** Most messages in one Kafka transaction. @default 5000 */
  readonly batchRows?: number
  /** Most bytes of keys, values and headers in one Kafka transaction. @default 8388608 */
  readonly batchBytes?: number
  /** A holder that did not renew for so long, in milliseconds, is taken over. Liveness only. @default 10000 */
  readonly leaseMs?: number
  /** How often the lease is renewed, in milliseconds: at most a third of `leaseMs`. @default 2000 */
  readonly renewMs?: number
  /**
   * Longest time of one opening in milliseconds, from the new token to the agreement of both sides. A broker that answers
   * nothing must not keep a shard in it: what takes longer is dropped, and the shard opens again. @default 60000
   */
  readonly openTimeoutMs?: number
  /** Longest time in milliseconds that `stop` goes on sending what was committed before it. @default 10000 */
  readonly drainTimeoutMs?: number
  /** How often an outbox is looked at after it had a message, in milliseconds: eight times, then less often. @default 2 */
  readonly pollMs?: number
  /** How often an outbox is looked at that has been empty for a while, in milliseconds. @default 200 */
  readonly idlePollMs?: number
  /**
   * How long a published message stays in the outbox at least, in milliseconds, since its partition was closed. 0: it goes
   * with its partition. @default 0
   */
  readonly retentionMs?: number
  /** Delays between two attempts at opening a shard. @default from 100 to 10000 */
  readonly backoff?: Backoff
  /** A tracer, which is told of each batch that is sent. @default none */
  readonly tracing?: RelayTracing
  /** @default the process's monotonic clock */
  readonly clock?: Clock
}

/** {@link RelayOptions} with every default in place. */
export type ResolvedRelayOptions = Required<RelayOptions>

const defaults = {
  shards: 1,
  batchRows: 5000,
  batchBytes: 8 * 1024 * 1024,
  leaseMs: 10_000,
  renewMs: 2_000,
  openTimeoutMs: 60_000,
  drainTimeoutMs: 10_000,
  pollMs: 2,
  idlePollMs: 200,
  retentionMs: 0,
  backoff: { initialMs: 100, maxMs: 10_000 },
  tracing: untraced,
  clock: systemClock,
} satisfies Omit<ResolvedRelayOptions, 'name' | 'store' | 'publisher'>

// Beyond this a timer of Node fires at once.
const longestMs = 2 ** 31 - 1

const ranges = {
  shards: { min: 1, max: bucketCount },
  batchRows: { min: 1 },
  batchBytes: { min: 1 },
  leaseMs: { min: 1, max: longestMs },
  renewMs: { min: 1, max: longestMs },
  openTimeoutMs: { min: 1, max: longestMs },
  drainTimeoutMs: { min: 0, max: longestMs },
  pollMs: { min: 1, max: longestMs },
  idlePollMs: { min: 1, max: longestMs },
  retentionMs: { min: 0 },
} satisfies Partial<Record<keyof RelayOptions, { readonly min: number; readonly max?: number }>>

/** @throws OPTION_INVALID */
export function resolveRelayOptions(options: RelayOptions): ResolvedRelayOptions {
  assertKnownOptions('createRelay', options, ['name', 'store', 'publisher', ...Object.keys(defaults)])
  assertName('name', options.name)
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const resolved: ResolvedRelayOptions = {
    ...defaults,
    ...(Object.fromEntries(given) as unknown as RelayOptions),
  }
  for (const [option, range] of Object.entries(ranges)) {
    assertWholeNumber(option, resolved[option as keyof typeof ranges], range)
  }
  assertWholeNumber('backoff.initialMs', resolved.backoff.initialMs, { min: 1, max: longestMs })
  assertWholeNumber('backoff.maxMs', resolved.backoff.maxMs, { min: 1, max: longestMs })
  assertRenewal(resolved)
  return resolved
}

function assertRenewal({ renewMs, leaseMs }: ResolvedRelayOptions): void {
  if (renewMs * 3 <= leaseMs) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option renewMs is ${renewMs}: it takes at most a third of leaseMs (${leaseMs}), so that one lost renewal loses no lease`,
    details: { option: 'renewMs' },
  })
}
