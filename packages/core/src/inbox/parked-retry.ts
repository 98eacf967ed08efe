import { TimeLimit } from '../lifecycle/time-limit.js'
import type { DueMessage, ParkedPlace } from '../ports/inbox-parking.js'
import type { TraceHandler } from '../ports/tracing.js'
import type { AnyBinding } from './binding.js'
import { publishDeadLetter } from './dead-letter.js'
import { identify } from './deduplication.js'
import type { Delivery } from './delivery.js'
import { handlerTimedOut } from './handler-timed-out.js'
import { type Frame, type Identified, type Outcome, runFresh } from './handler-transaction.js'
import type { ResolvedInboxOptions } from './inbox-options.js'
import { failureOf, isMessageFault, waitsForOperator } from './message-fault.js'
import { deliveryOf } from './parkable-message.js'
import { parkKiller } from './parked-killer.js'
import type { UnendedClaims } from './unended-claims.js'

/** Lets work go on beside other work of the process, or by itself: what may kill the process is handled alone. */
export interface HandlingTurns {
  shared<R>(work: () => Promise<R>): Promise<R>
  alone<R>(work: () => Promise<R>): Promise<R>
}

/** What {@link retryParked} is done with. */
export interface RetryWork<Tx> {
  readonly bindings: readonly AnyBinding<Tx>[]
  readonly signal: AbortSignal | undefined
  readonly turns: HandlingTurns
  readonly unended: UnendedClaims<Tx>
  /** Does work on a message again after a conflict. */
  readonly again: <R>(delivery: Delivery, work: () => Promise<R>) => Promise<R>
  /** Hears of a message that has been handled, or was a repeat, and is parked no more. */
  readonly done: (one: Identified, outcome: Outcome, durationMs: number) => void
  readonly failed: (one: Delivery, error: unknown) => void
  readonly unblocked: (place: ParkedPlace) => void
}

/** The message that an attempt has read. */
interface Seen {
  due: DueMessage | undefined
}

/** What one attempt is made with. */
interface Attempt<Tx> extends RetryWork<Tx> {
  readonly seen: Seen
  readonly trace: TraceHandler
}

/** What became of a claim whose message was handled, or that found none. */
type Ended = 'last of its key' | 'more behind it' | 'nothing found'

/**
 * Takes up one parked message that is due. Resolves to whether there was anything.
 *
 * The claim is committed before: so are its attempt, and when it is due again. The message is removed in the handler's own
 * transaction, before the handler runs, since nothing of ours may follow it there. The key is unblocked afterwards, in a
 * transaction of its own that lasts a moment: a consumer that finds the key blocked waits for that one, and never for the
 * handler. One that is lost leaves a blocked key without messages, which is due, and unblocked by the next who takes it up. Where
 * a consumer is about to park more behind it just then, it is left for it: due, and a pause away.
 */
export async function retryParked<Tx>(
  options: ResolvedInboxOptions<Tx>,
  work: RetryWork<Tx>,
): Promise<boolean> {
  const beside = await work.turns.shared(() => retryOne(options, work, false))
  return beside === 'suspect'
    ? await work.turns.alone(async () => Boolean(await retryOne(options, work, true)))
    : beside
}

async function retryOne<Tx>(
  options: ResolvedInboxOptions<Tx>,
  work: RetryWork<Tx>,
  alone: boolean,
): Promise<boolean | 'suspect'> {
  const { store, name, timeoutMs, parkedBackoff: backoff } = options
  const topics = work.bindings.map(({ topic }) => topic.name)
  await work.unended.giveBackAll()
  // Twice the longest attempt: a lock that is waited for may have used up a whole one.
  const claimed = await store.parking.claimDue(name, { topics, leaseMs: 2 * timeoutMs, backoff, alone })
  if (!claimed || claimed === 'suspect') return claimed ?? false
  const isKiller = 'killer' in claimed
  const place = isKiller ? claimed.killer : claimed
  const ended = isKiller ? await endKiller(options, place, work) : await endClaim(options, place, work)
  if (!ended || ended === 'more behind it' || place.key === null) return true
  if (await store.parking.unblockKey(name, place)) {
    work.unblocked(place)
    return true
  }
  if (ended !== 'nothing found') return true
  await store.parking.leaveKey(name, place)
  return false
}

// Its processes could not tell of it: whoever finds it does. Nothing is found of a key whose processes have died of others, each between its handler and the
// end of its block.
async function endKiller<Tx>(
  options: ResolvedInboxOptions<Tx>,
  place: ParkedPlace,
  { again, failed }: RetryWork<Tx>,
): Promise<'nothing found' | undefined> {
  const found = await again(deliveryAt(place), () => parkKiller(options, place))
  if (found === 'nothing found') return found
  if (found !== 'left to another') failed(deliveryOf(found.message), found.error)
  return undefined
}

// Undefined where the message has failed, for which it is to blame.
async function endClaim<Tx>(
  options: ResolvedInboxOptions<Tx>,
  place: ParkedPlace,
  work: RetryWork<Tx>,
): Promise<Ended | undefined> {
  const { name, tracing } = options
  const seen: Seen = { due: undefined }
  try {
    return await work.again(deliveryAt(place), () =>
      tracing.process(name, (trace) => attempt(options, place, { ...work, seen, trace })),
    )
  } catch (error) {
    const { due } = seen
    if (due) work.failed(deliveryOf(due.message), error)
    if (due && isMessageFault(error) && !work.signal?.aborted) {
      await work.unended.end(place, () =>
        work.again(deliveryOf(due.message), () => noteFailure(options, { place, failed: due.place, error })),
      )
      return undefined
    }
    await work.unended.giveBack(place)
    throw error
  }
}

async function attempt<Tx>(
  options: ResolvedInboxOptions<Tx>,
  place: ParkedPlace,
  work: Attempt<Tx>,
): Promise<Ended> {
  const { store, name, timeoutMs } = options
  const started = performance.now()
  const limit = new TimeLimit({
    timeoutMs,
    signal: work.signal,
    timedOut: handlerTimedOut(place.topic, timeoutMs),
  })
  work.seen.due = undefined
  try {
    const handled = await store.transaction({ timeoutMs }, async (tx) => {
      const due = await store.parking.readDue(tx, name, place)
      work.seen.due = due
      return due && (await handleDue(options, due, { work, tx, limit, trace: work.trace }))
    })
    if (!handled) return 'nothing found'
    work.done(handled.one, handled.outcome, performance.now() - started)
    return handled.isLast ? 'last of its key' : 'more behind it'
  } catch (error) {
    throw limit.blame(error)
  } finally {
    limit.end()
  }
}

async function handleDue<Tx>(
  options: ResolvedInboxOptions<Tx>,
  due: DueMessage,
  { work, tx, limit, trace }: Frame<Tx> & { readonly work: RetryWork<Tx> },
): Promise<{ readonly one: Identified; readonly outcome: Outcome; readonly isLast: boolean }> {
  const { store, name } = options
  const delivery = deliveryOf(due.message)
  const one = { delivery, identity: identify(options, delivery) }
  const isNew = await isNewHere(options, one, tx)
  await store.parking.removeDue(tx, name, due)
  const binding = work.bindings.find(({ topic }) => topic.name === delivery.topic) as AnyBinding<Tx>
  const fresh = { binding, progress: { at: undefined }, fresh: [{ ...one, index: 0 }] }
  if (isNew) await runFresh(options, fresh, { tx, limit, trace })
  return {
    one,
    outcome: isNew ? { status: 'handled' } : { status: 'duplicate', by: 'id' },
    isLast: due.isLast,
  }
}

// Its position was passed when it was parked, and its key is blocked by itself.
async function isNewHere<Tx>(
  { store, name }: ResolvedInboxOptions<Tx>,
  { delivery: { topic }, identity: { id } }: Identified,
  tx: Tx,
): Promise<boolean> {
  if (!id) return true
  const received = { topic, range: undefined, messages: [{ id, key: null }] }
  const [verdict] = (await store.receiveMessages(tx, name, received)) ?? []
  return verdict === 'new'
}

/** A message that has failed, and where it was parked when it did. */
interface Failed {
  readonly place: ParkedPlace
  readonly failed: string
  readonly error: unknown
}

// With its transaction the message has lost its lock: it is read anew. What was handled or discarded meanwhile has not failed, nor
// has what comes behind it, and what another worker has told of is told of once.
async function noteFailure<Tx>(
  options: ResolvedInboxOptions<Tx>,
  { place, failed, error }: Failed,
): Promise<void> {
  const { store, name, timeoutMs } = options
  await store.transaction({ timeoutMs }, async (tx) => {
    const due = await store.parking.readDue(tx, name, place)
    if (due?.place !== failed) return
    // The claim of a message without a key has counted it there already.
    const attempts = due.message.key === null ? due.attempts : due.attempts + 1
    const failure = { ...failureOf(error, attempts), waits: waitsForOperator(error) }
    await store.parking.noteFailure(tx, name, due, failure)
    // One that was parked behind another has not failed until now.
    if (due.attempts === 0) await publishDeadLetter(options, tx, { message: due.message, failure })
  })
}

function deliveryAt({ topic, key }: ParkedPlace): Delivery {
  return { topic, key, value: null, headers: [] }
}
