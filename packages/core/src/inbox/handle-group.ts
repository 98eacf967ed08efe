import { isPigeonholeError } from '../errors/pigeonhole-error.js'
import type { Delivery } from './delivery.js'
import type { Outcome, Progress } from './handler-transaction.js'

/** How a group of deliveries is handled. */
export interface GroupWork {
  /** Handles all of `span` in one transaction. Resolves to undefined where the inbox has passed the first. */
  readonly together: (span: readonly Delivery[], progress: Progress) => Promise<Outcome[] | undefined>
  /** Handles one in a transaction of its own, again after a conflict. */
  readonly alone: (one: Delivery) => Promise<Outcome>
  /** Hears of the one for whose sake the group is given up. */
  readonly failed: (one: Delivery, error: unknown) => void
  readonly signal: AbortSignal | undefined
}

/**
 * Handles deliveries in one transaction, or as many of them as can be. Resolves to the outcomes of the first ones, of at
 * least one; rejects when the first cannot be handled.
 *
 * There is no savepoint around each message, which would cost two round trips beside a handler's one. All handlers of a
 * group run in the bare transaction; when one fails, everything is rolled back, and those before it, which had passed, are
 * handled again without it. Where nobody can be blamed (a conflict, a swallowed error, a constraint that is checked at
 * COMMIT) each gets a transaction of its own.
 */
export async function handleGroup(group: readonly Delivery[], work: GroupWork): Promise<Outcome[]> {
  for (let span = group; ; ) {
    const progress: Progress = { at: undefined }
    try {
      return (await work.together(span, progress)) ?? (await handleOneByOne(span.slice(0, 1), work))
    } catch (error) {
      const { at } = progress
      const culprit = span[at ?? 0] as Delivery
      if (work.signal?.aborted) throw blame(culprit, error, work)
      if (at === undefined || isPigeonholeError(error, 'STORE_CONFLICT')) return handleOneByOne(span, work)
      if (at === 0) throw blame(culprit, error, work)
      span = span.slice(0, at)
    }
  }
}

function blame(culprit: Delivery, error: unknown, { failed }: GroupWork): unknown {
  failed(culprit, error)
  return error
}

/** Ends before the first that fails: what is done is told, and that one comes first the next time. */
export async function handleOneByOne(
  span: readonly Delivery[],
  { alone, signal }: Pick<GroupWork, 'alone' | 'signal'>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const one of span) {
    try {
      outcomes.push(await alone(one))
    } catch (error) {
      if (outcomes.length === 0) throw error
      return outcomes
    }
    if (signal?.aborted) return outcomes
  }
  return outcomes
}
