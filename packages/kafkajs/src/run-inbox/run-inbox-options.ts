import {
  type AnyBinding,
  assertKnownOptions,
  assertWholeNumber,
  type Backoff,
  type Clock,
  PigeonholeError,
  systemClock,
} from '@pigeonhole/core'

/** What {@link runInbox} takes besides the consumer and the inbox. */
export interface RunInboxOptions<Tx> {
  /** One for each topic: `on(topic, handler)`, or `onBatch(topic, handler)`. */
  readonly handlers: readonly AnyBinding<Tx>[]
  /**
   * Where a partition starts that neither the inbox nor the consumer group has a place in.
   * @default 'earliest'
   */
  readonly from?: 'earliest' | 'latest'
  /** Most messages in handling at the same time, each of another partition. @default 4 */
  readonly partitionsConsumedConcurrently?: number
  /**
   * How often a message is tried before it is parked, with those of its key behind it, and the partition goes on. What the
   * database is to blame for does not count. A message at which process after process dies is found and parked when it was
   * started so often, at least three times. `Infinity`: never, the partition is held until it succeeds.
   * @default 5
   */
  readonly attempts?: number
  /** How often this process looks whether a parked message is due, in milliseconds. @default 1000 */
  readonly parkedPollMs?: number
  /**
   * How often this process forgets the ids that its inbox has kept for `idRetentionMs`, and compares that with the topics, in
   * milliseconds.
   * @default 60000
   */
  readonly idCleaningMs?: number
  /** Delays between two attempts at a message that fails. @default from 1000 to 30000 */
  readonly backoff?: Backoff
  /**
   * How long Kafka's offsets of the group may lag behind what is handled, in milliseconds. With `dedupe: 'id'` or
   * `'none'` it bounds what a consumer that dies leaves to be delivered again.
   * @default 1000
   */
  readonly commitIntervalMs?: number
  /** @default the process's monotonic clock */
  readonly clock?: Clock
}

/** {@link RunInboxOptions} with every default in place. */
export interface ResolvedRunInboxOptions<Tx> extends Required<Omit<RunInboxOptions<Tx>, 'handlers'>> {
  /** By the topic's name. */
  readonly handlers: ReadonlyMap<string, AnyBinding<Tx>>
}

const defaults = {
  from: 'earliest',
  partitionsConsumedConcurrently: 4,
  attempts: 5,
  parkedPollMs: 1000,
  idCleaningMs: 60_000,
  backoff: { initialMs: 1000, maxMs: 30_000 },
  commitIntervalMs: 1000,
  clock: systemClock,
} satisfies Omit<RunInboxOptions<unknown>, 'handlers'>

/** @throws OPTION_INVALID */
export function resolveRunInboxOptions<Tx>(options: RunInboxOptions<Tx>): ResolvedRunInboxOptions<Tx> {
  assertKnownOptions('runInbox', options, ['handlers', ...Object.keys(defaults)])
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const merged: Required<RunInboxOptions<Tx>> = { ...defaults, handlers: options.handlers, ...given }
  assertFrom(merged.from)
  assertWholeNumber('partitionsConsumedConcurrently', merged.partitionsConsumedConcurrently, { min: 1 })
  if (merged.attempts !== Number.POSITIVE_INFINITY) assertWholeNumber('attempts', merged.attempts, { min: 1 })
  assertWholeNumber('parkedPollMs', merged.parkedPollMs, { min: 1, max: 2 ** 31 - 1 })
  assertWholeNumber('idCleaningMs', merged.idCleaningMs, { min: 1, max: 2 ** 31 - 1 })
  assertWholeNumber('commitIntervalMs', merged.commitIntervalMs, { min: 0, max: 2 ** 31 - 1 })
  assertWholeNumber('backoff.initialMs', merged.backoff.initialMs, { min: 0 })
  assertWholeNumber('backoff.maxMs', merged.backoff.maxMs, {
    min: merged.backoff.initialMs,
    max: 2 ** 31 - 1,
  })
  return { ...merged, handlers: byTopic(merged.handlers) }
}

function byTopic<Tx>(bindings: unknown): ReadonlyMap<string, AnyBinding<Tx>> {
  if (!Array.isArray(bindings) || bindings.length === 0) {
    throw invalid(
      'handlers',
      'Option handlers holds no handler: give one for each topic, handlers: [on(topic, handler)]',
    )
  }
  const handlers = new Map<string, AnyBinding<Tx>>()
  for (const binding of bindings as readonly AnyBinding<Tx>[]) {
    const name = binding?.topic?.name
    if (typeof name !== 'string' || typeof handlerOf(binding) !== 'function') {
      throw invalid(
        'handlers',
        'Option handlers holds something that is no handler: make each with on(topic, handler)',
      )
    }
    if (handlers.has(name)) {
      throw invalid(
        'handlers',
        `Option handlers has two handlers for topic ${name}: a message takes effect once, so join them`,
      )
    }
    handlers.set(name, binding)
  }
  return handlers
}

function handlerOf<Tx>(binding: AnyBinding<Tx>): unknown {
  return 'batchHandler' in binding ? binding.batchHandler : binding.handler
}

function assertFrom(from: unknown): void {
  if (from === 'earliest' || from === 'latest') return
  throw invalid('from', `Option from is ${JSON.stringify(from)}: it is one of earliest, latest`)
}

function invalid(option: string, message: string): PigeonholeError<'OPTION_INVALID'> {
  return new PigeonholeError('OPTION_INVALID', { message, details: { option } })
}
