import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { TimeLimit } from '../lifecycle/time-limit.js'
import { publishIn } from '../outbox/publish-in.js'
import type { PositionRange, Verdict } from '../ports/inbox-store.js'
import type { TraceHandler } from '../ports/tracing.js'
import type { AnyBinding, Message, TransactionContext } from './binding.js'
import { decodeMessage } from './decode-message.js'
import type { Identity, Position } from './deduplication.js'
import type { Delivery } from './delivery.js'
import { handlerTimedOut } from './handler-timed-out.js'
import type { ResolvedInboxOptions } from './inbox-options.js'
import { parkableOf } from './parkable-message.js'

/**
 * What became of a delivery. A failed one rejects. A parked one is not handled yet: it could not be, or waits behind another
 * one of its key that could not.
 */
export type Outcome =
  | { readonly status: 'handled' }
  | { readonly status: 'duplicate'; readonly by: 'position' | 'id' }
  | { readonly status: 'parked'; readonly because: 'failed' | 'key' }

/** A delivery and what tells it from others. */
export interface Identified {
  readonly delivery: Delivery
  readonly identity: Identity
}

/** Deliveries of one topic, and of one partition where they have any, that are handled in one transaction. */
export interface Handling<Tx> {
  readonly deliveries: readonly Identified[]
  readonly binding: AnyBinding<Tx>
  readonly signal: AbortSignal | undefined
  /** Is told whose turn it is. */
  readonly progress: Progress
}

/** Which delivery is in its handler: the one to blame for what happens meanwhile. */
export interface Progress {
  at: number | undefined
}

/**
 * Handles deliveries in one transaction with the inbox's own rows. Resolves to the outcome of each; to undefined where the
 * inbox has passed the first of several, and perhaps not all.
 */
export function handleInTransaction<Tx>(
  options: ResolvedInboxOptions<Tx>,
  handling: Handling<Tx>,
): Promise<Outcome[] | undefined> {
  return options.tracing.process(options.name, (trace) => handleTraced(options, handling, trace))
}

async function handleTraced<Tx>(
  options: ResolvedInboxOptions<Tx>,
  handling: Handling<Tx>,
  trace: TraceHandler,
): Promise<Outcome[] | undefined> {
  const { store, timeoutMs } = options
  const topic = handling.deliveries[0]?.delivery.topic ?? ''
  const { signal: given } = handling
  const limit = new TimeLimit({ timeoutMs, signal: given, timedOut: handlerTimedOut(topic, timeoutMs) })
  try {
    return await store.transaction({ timeoutMs }, (tx) => handleAll(options, handling, { tx, limit, trace }))
  } catch (error) {
    throw limit.blame(error)
  } finally {
    limit.end()
  }
}

/** What a transaction is run with. */
export interface Frame<Tx> extends Pick<TransactionContext<Tx>, 'tx'> {
  readonly limit: TimeLimit
  readonly trace: TraceHandler
}

async function handleAll<Tx>(
  options: ResolvedInboxOptions<Tx>,
  handling: Handling<Tx>,
  frame: Frame<Tx>,
): Promise<Outcome[] | undefined> {
  const { deliveries } = handling
  const verdicts = await receive(options, deliveries, frame.tx)
  if (!verdicts) return deliveries.length === 1 ? [{ status: 'duplicate', by: 'position' }] : undefined
  await parkBlocked(options, { ...handling, verdicts }, frame.tx)
  const fresh = deliveries.flatMap((one, index) => (verdicts[index] === 'new' ? [{ ...one, index }] : []))
  if (fresh.length > 0) await runFresh(options, { ...handling, fresh }, frame)
  return verdicts.map(outcomeOf)
}

function outcomeOf(verdict: Verdict): Outcome {
  if (verdict === 'new') return { status: 'handled' }
  return verdict === 'known' ? { status: 'duplicate', by: 'id' } : { status: 'parked', because: 'key' }
}

async function receive<Tx>(
  { store, name }: ResolvedInboxOptions<Tx>,
  deliveries: readonly Identified[],
  tx: Tx,
): Promise<Verdict[] | undefined> {
  const range = rangeOf(deliveries)
  const messages = deliveries.map(({ delivery: { key }, identity }) => ({ id: identity.id ?? null, key }))
  const isLookedAt = range !== undefined || messages.some(({ id, key }) => id !== null || key !== null)
  if (!isLookedAt) return messages.map(() => 'new')
  return store.receiveMessages(tx, name, { topic: deliveries[0]?.delivery.topic ?? '', range, messages })
}

// In the order of the log, and before the handler: nothing of ours may follow it in its transaction.
async function parkBlocked<Tx>(
  { store, name, maxParkedPerKey }: ResolvedInboxOptions<Tx>,
  { deliveries, verdicts, progress }: Handling<Tx> & { readonly verdicts: readonly Verdict[] },
  tx: Tx,
): Promise<void> {
  const added = new Map<string, number>()
  const blocked = deliveries.flatMap(({ delivery, identity }, index) => {
    const verdict = verdicts[index]
    if (typeof verdict !== 'object') return []
    const key = Buffer.from(delivery.key ?? []).toString('hex')
    const before = verdict.parked + (added.get(key) ?? 0)
    if (before >= maxParkedPerKey) {
      progress.at = index
      throw keyFull(delivery.topic, before)
    }
    added.set(key, (added.get(key) ?? 0) + 1)
    return [parkableOf(delivery, identity.id)]
  })
  if (blocked.length > 0) await store.parking.parkBehind(tx, name, blocked)
}

/** Messages that are to take effect, with their transaction. */
export interface FreshHandling<Tx> {
  readonly binding: AnyBinding<Tx>
  readonly progress: Progress
  readonly fresh: readonly Fresh[]
}

/** Runs the handler, and sees that its transaction can commit. */
export async function runFresh<Tx>(
  options: ResolvedInboxOptions<Tx>,
  { binding, progress, fresh }: FreshHandling<Tx>,
  { tx, limit, trace }: Frame<Tx>,
): Promise<void> {
  const publish = publishIn(options.outbox, tx, () => outboxMissing(options.name))
  // A signal is made only for a handler that asks for it.
  const newContext = (): TransactionContext<Tx> => ({
    tx,
    publish,
    get signal() {
      return limit.signal
    },
  })
  await limit.measure(() => runHandler(binding, fresh, { newContext, progress, trace }))
  // Prisma commits what PostgreSQL has already rolled back when a handler swallows, say, a unique violation.
  if (!(await options.store.isUsable(tx))) throw swallowed(fresh)
}

function keyFull(topic: string, parked: number): PigeonholeError<'PARKED_KEY_FULL'> {
  return new PigeonholeError('PARKED_KEY_FULL', {
    message:
      `${parked} messages of one key of topic ${topic} are parked, which is as many as maxParkedPerKey allows: have them ` +
      'handled again (pigeonhole parked retry --inbox), or discard some. Their partition waits meanwhile',
    details: { topic, parked },
    retryable: true,
  })
}

// Offsets follow one another with gaps, where others' messages, aborted ones or markers lie: a range covers them.
function rangeOf(deliveries: readonly Identified[]): PositionRange | undefined {
  const positions = deliveries.flatMap(({ identity }) => identity.position ?? [])
  const [first, last] = [positions[0], positions.at(-1)]
  if (!first || !last) return undefined
  assertSuccessive(positions)
  const { topic, partition } = first
  return { topic, partition, first: first.offset, last: last.offset }
}

function assertSuccessive(positions: readonly Position[]): void {
  positions.reduce((before, after) => {
    const { topic, partition, offset } = after
    if (before.topic === topic && before.partition === partition && before.offset < offset) return after
    throw new PigeonholeError('OPTION_INVALID', {
      message:
        `A group of deliveries goes from ${before.topic}/${before.partition} offset ${before.offset} to ` +
        `${topic}/${partition} offset ${offset}: a group is of one partition, in its order`,
      details: { option: 'deliveries' },
    })
  })
}

/** A delivery that is to take effect. */
export interface Fresh extends Identified {
  /** Its place among all deliveries of the transaction. */
  readonly index: number
}

interface Running<Tx> {
  readonly newContext: () => TransactionContext<Tx>
  readonly progress: Progress
  readonly trace: TraceHandler
}

async function runHandler<Tx>(
  binding: AnyBinding<Tx>,
  fresh: readonly Fresh[],
  { newContext, progress, trace }: Running<Tx>,
): Promise<void> {
  const decode = ({ delivery, identity }: Fresh) => decodeMessage(binding.topic, delivery, identity.id?.id)
  if ('batchHandler' in binding) {
    const { batchHandler } = binding
    return trace({ messages: fresh, isBatch: true }, async () => {
      const messages: Message<never>[] = []
      for (const one of fresh) {
        progress.at = one.index
        messages.push(await decode(one))
      }
      progress.at = undefined
      await batchHandler(Object.assign(newContext(), { messages }))
    })
  }
  const { handler } = binding
  for (const one of fresh) {
    progress.at = one.index
    await trace({ messages: [one], isBatch: false }, async () =>
      handler(Object.assign(newContext(), { message: await decode(one) })),
    )
  }
  progress.at = undefined
}

function outboxMissing(inbox: string): PigeonholeError<'OUTBOX_MISSING'> {
  return new PigeonholeError('OUTBOX_MISSING', {
    message: `A handler of inbox ${inbox} publishes, and the inbox has no outbox: createInbox({ store, outbox, name })`,
    details: { inbox },
  })
}

function swallowed(deliveries: readonly Identified[]): PigeonholeError {
  const first = deliveries[0]?.delivery
  const last = deliveries.at(-1)?.delivery
  const offsets =
    first === last ? `offset ${first?.offset ?? '-'}` : `offsets ${first?.offset} to ${last?.offset}`
  const topic = first?.topic ?? ''
  return new PigeonholeError('HANDLER_SWALLOWED_ERROR', {
    message:
      `The handler of topic ${topic} (partition ${first?.partition ?? '-'}, ${offsets}) caught an error of a ` +
      'statement in its transaction, which PostgreSQL had given up by then, or ended the transaction itself: nothing ' +
      'of it can commit. Let the error pass, or avoid it (INSERT … ON CONFLICT DO NOTHING, createMany with ' +
      'skipDuplicates, upsert), and leave BEGIN, COMMIT and ROLLBACK to the inbox',
    details: { topic },
  })
}
