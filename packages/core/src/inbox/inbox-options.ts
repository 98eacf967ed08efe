import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { assertPublishableTopic } from '../message/topic.js'
import { assertKnownOptions, assertName, assertWholeNumber } from '../options/known-options.js'
import type { Outbox } from '../outbox/outbox.js'
import type { InboxStore } from '../ports/inbox-store.js'
import { type InboxTracing, untraced } from '../ports/tracing.js'
import type { Backoff } from '../retry/backoff.js'
import type { DeadLetters } from './dead-letter.js'
import { conventionalMessageId, type MessageIdResolver } from './message-id.js'

/**
 * What tells a repeat from a new message: its `position` in the log (redeliveries, zombies), its `id` (a producer that
 * sent twice), `both`, or `none` for handlers that are idempotent by nature.
 */
export type Dedupe = 'both' | 'id' | 'position' | 'none'

const dedupeModes: readonly Dedupe[] = ['both', 'id', 'position', 'none']

/** What {@link createInbox} takes. */
export interface InboxOptions<Tx> {
  /** Where ids and positions are kept, and what opens the handlers' transactions. */
  readonly store: InboxStore<Tx>
  /** Needed by handlers that publish. */
  readonly outbox?: Outbox<Tx>
  /** Each message takes effect once per name. Another name starts afresh. */
  readonly name: string
  /** @default 'both' */
  readonly dedupe?: Dedupe
  /** @default CloudEvents, then the headers `message-id`, `id`, `MessageId` */
  readonly messageId?: MessageIdResolver
  /**
   * How long a message's id is kept since it was received, in milliseconds: a producer's repeat that comes later takes effect
   * again. Longer than the topics keep their messages, with which `runInbox` compares it. `Infinity`: for ever.
   * @default 2592000000, 30 days
   */
  readonly idRetentionMs?: number
  /**
   * Longest time for one message from the transaction's begin to its commit, in milliseconds.
   * @default 30000
   */
  readonly timeoutMs?: number
  /**
   * How often a transaction is tried again at once after PostgreSQL gave it up in favour of another one.
   * @default 5
   */
  readonly conflictRetries?: number
  /**
   * Most messages of one key that are parked, counted from the oldest to the newest. What comes after them waits in its
   * partition, which is held.
   * @default 10000
   */
  readonly maxParkedPerKey?: number
  /**
   * After how long a parked message is tried again by itself, in milliseconds: first, and at most.
   * @default from 60000 to 3600000
   */
  readonly parkedBackoff?: Backoff
  /**
   * Topic to which each message that fails so often that it is parked is published as well, once, through `outbox` and in the
   * transaction that parks it, or notes the first failure of one that was parked behind another: with its key, bytes and headers,
   * and `dead-letter-*` headers that say whence and why. It is told of there, not handed over: the inbox itself handles it again.
   * @default none
   */
  readonly deadLetters?: string
  /** A tracer, in whose spans handlers run. @default none */
  readonly tracing?: InboxTracing
}

/** {@link InboxOptions} with every default in place. */
export interface ResolvedInboxOptions<Tx> {
  readonly store: InboxStore<Tx>
  readonly outbox: Outbox<Tx> | undefined
  readonly name: string
  readonly dedupe: Dedupe
  readonly messageId: MessageIdResolver
  readonly idRetentionMs: number
  readonly timeoutMs: number
  readonly conflictRetries: number
  readonly maxParkedPerKey: number
  readonly parkedBackoff: Backoff
  readonly deadLetters: DeadLetters<Tx> | undefined
  readonly tracing: InboxTracing
}

const known = [
  'store',
  'outbox',
  'name',
  'dedupe',
  'messageId',
  'idRetentionMs',
  'timeoutMs',
  'conflictRetries',
  'maxParkedPerKey',
  'parkedBackoff',
  'deadLetters',
  'tracing',
]

const thirtyDays = 30 * 24 * 3_600_000

/** @throws OPTION_INVALID, TOPIC_NAME_INVALID */
export function resolveInboxOptions<Tx>(options: InboxOptions<Tx>): ResolvedInboxOptions<Tx> {
  assertKnownOptions('createInbox', options, known)
  const { store, outbox, name, dedupe = 'both', messageId = conventionalMessageId } = options
  const { timeoutMs = 30_000, conflictRetries = 5, idRetentionMs = thirtyDays, tracing = untraced } = options
  const { maxParkedPerKey = 10_000, parkedBackoff = { initialMs: 60_000, maxMs: 3_600_000 } } = options
  assertName('name', name)
  assertDedupe(dedupe)
  if (idRetentionMs !== Number.POSITIVE_INFINITY)
    assertWholeNumber('idRetentionMs', idRetentionMs, { min: 1 })
  assertWholeNumber('timeoutMs', timeoutMs, { min: 1, max: 2 ** 31 - 1 })
  assertWholeNumber('conflictRetries', conflictRetries, { min: 0 })
  assertWholeNumber('maxParkedPerKey', maxParkedPerKey, { min: 1 })
  assertWholeNumber('parkedBackoff.initialMs', parkedBackoff.initialMs, { min: 1, max: 2 ** 31 - 1 })
  assertWholeNumber('parkedBackoff.maxMs', parkedBackoff.maxMs, {
    min: parkedBackoff.initialMs,
    max: 2 ** 31 - 1,
  })
  const identifying = { store, outbox, name, dedupe, messageId, idRetentionMs }
  const deadLetters = resolveDeadLetters(options)
  return { ...identifying, timeoutMs, conflictRetries, maxParkedPerKey, parkedBackoff, deadLetters, tracing }
}

function resolveDeadLetters<Tx>({
  outbox,
  deadLetters: topic,
}: InboxOptions<Tx>): DeadLetters<Tx> | undefined {
  if (topic === undefined) return undefined
  assertPublishableTopic(topic)
  if (outbox) return { outbox, topic }
  throw new PigeonholeError('OPTION_INVALID', {
    message: 'Option deadLetters is given and outbox is not: dead letters are published through it',
    details: { option: 'deadLetters' },
  })
}

function assertDedupe(dedupe: Dedupe): void {
  if (dedupeModes.includes(dedupe)) return
  throw new PigeonholeError('OPTION_INVALID', {
    message: `Option dedupe is ${JSON.stringify(dedupe)}: it is one of ${dedupeModes.join(', ')}`,
    details: { option: 'dedupe' },
  })
}
