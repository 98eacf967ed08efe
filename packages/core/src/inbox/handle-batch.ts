import { isPigeonholeError } from '../errors/pigeonhole-error.js'
import type { Delivery } from './delivery.js'
import type { GroupWork } from './handle-group.js'
import { handleOneByOne } from './handle-group.js'
import type { Outcome, Progress } from './handler-transaction.js'

/** How a batch is handled. */
export interface BatchWork extends Omit<GroupWork, 'failed'> {
  /** Hears of those that fail together. */
  readonly failed: (those: readonly Delivery[], error: unknown) => void
}

/**
 * Handles deliveries in one transaction, all or nothing. Resolves to the outcomes of the first ones, of at least one; rejects
 * when the batch fails as a whole. One that cannot even be read, or has no room behind its key, is not the batch's fault: those
 * before it are a batch of their own. A handler that parks, and does not say which message, is asked of each by itself.
 */
export async function handleBatch(batch: readonly Delivery[], work: BatchWork): Promise<Outcome[]> {
  for (let span = batch; ; ) {
    const progress: Progress = { at: undefined }
    try {
      return (await work.together(span, progress)) ?? (await handleOneByOne(span.slice(0, 1), work))
    } catch (error) {
      const { at } = progress
      const isStopped = work.signal?.aborted === true
      if (!isStopped && isPigeonholeError(error, 'PARK_REQUESTED')) return handleOneByOne(span, work)
      if (isStopped || at === undefined || at === 0) {
        work.failed(at === 0 ? span.slice(0, 1) : span, error)
        throw error
      }
      span = span.slice(0, at)
    }
  }
}
