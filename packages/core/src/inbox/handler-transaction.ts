import { PigeonholeError } from '../errors/pigeonhole-error.js'
import { linkAbort } from '../lifecycle/linked-abort.js'
import type { PositionRange } from '../ports/inbox-store.js'
import type { AnyBinding, TransactionContext } from './binding.js'
import { decodeMessage } from './decode-message.js'
import type { Identity, Position } from './deduplication.js'
import type { Delivery } from './delivery.js'
import type { ResolvedInboxOptions } from './inbox-options.js'

/** What became of a delivery. A failed one rejects. */
export type Outcome =
  | { readonly status: 'handled' }
  | { readonly status: 'duplicate'; readonly by: 'position' | 'id' }

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
export async function handleInTransaction<Tx>(
  options: ResolvedInboxOptions<Tx>,
  handling: Handling<Tx>,
): Promise<Outcome[] | undefined> {
  const { store, timeoutMs } = options
  // The caller's signal may outlive its messages by far.
  const link = handling.signal && linkAbort(handling.signal)
  const late = new AbortController()
  // Not AbortSignal.timeout: Node 20 collects one that only AbortSignal.any refers to, and it never aborts.
  const timer = setTimeout(() => late.abort(timedOut()), timeoutMs)
  const signal = link ? AbortSignal.any([link.signal, late.signal]) : late.signal
  try {
    return await store.transaction({ timeoutMs }, (tx) => handleAll(options, handling, { tx, signal }))
  } finally {
    clearTimeout(timer)
    link?.unlink()
  }
}

// As AbortSignal.timeout says it.
function timedOut(): DOMException {
  return new DOMException('The operation was aborted due to timeout', 'TimeoutError')
}

async function handleAll<Tx>(
  options: ResolvedInboxOptions<Tx>,
  { deliveries, binding, progress }: Handling<Tx>,
  { tx, signal }: Pick<TransactionContext<Tx>, 'tx' | 'signal'>,
): Promise<Outcome[] | undefined> {
  const { store, name } = options
  const ids = deliveries.flatMap(({ identity }) => identity.id ?? [])
  const range = rangeOf(deliveries)
  const isLookedAt = range !== undefined || ids.length > 0
  const areNew = isLookedAt ? await store.receiveMessages(tx, name, { range, ids }) : []
  if (!areNew) return deliveries.length === 1 ? [{ status: 'duplicate', by: 'position' }] : undefined
  const left = areNew.values()
  const isNew = deliveries.map(({ identity }) => (identity.id ? left.next().value === true : true))
  const fresh = deliveries.flatMap((one, index) => (isNew[index] ? [{ ...one, index }] : []))
  if (fresh.length > 0) {
    const context: TransactionContext<Tx> = { tx, signal, publish: publisherIn(options, tx) }
    await runHandler(binding, fresh, { context, progress })
    // Prisma commits what PostgreSQL has already rolled back when a handler swallows, say, a unique violation.
    if (!(await store.isUsable(tx))) throw swallowed(deliveries)
  }
  return isNew.map((handled) => (handled ? { status: 'handled' } : { status: 'duplicate', by: 'id' }))
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

interface Fresh extends Identified {
  /** Its place among all deliveries of the transaction. */
  readonly index: number
}

interface Running<Tx> {
  readonly context: TransactionContext<Tx>
  readonly progress: Progress
}

async function runHandler<Tx>(
  binding: AnyBinding<Tx>,
  fresh: readonly Fresh[],
  { context, progress }: Running<Tx>,
): Promise<void> {
  const decode = ({ delivery, identity }: Fresh) => decodeMessage(binding.topic, delivery, identity.id?.id)
  if ('batchHandler' in binding) {
    await binding.batchHandler({ ...context, messages: await Promise.all(fresh.map(decode)) })
    return
  }
  for (const one of fresh) {
    progress.at = one.index
    await binding.handler({ ...context, message: await decode(one) })
  }
  progress.at = undefined
}

function publisherIn<Tx>(
  { outbox, name }: ResolvedInboxOptions<Tx>,
  tx: Tx,
): TransactionContext<Tx>['publish'] {
  return (topic, value, publishOptions) => {
    if (outbox) return outbox.publish(tx, topic, value, publishOptions)
    throw new PigeonholeError('OUTBOX_MISSING', {
      message: `A handler of inbox ${name} publishes, and the inbox has no outbox: createInbox({ store, outbox, name })`,
      details: { inbox: name },
    })
  }
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
