import type { InboxStore } from '../ports/inbox-store.js'
import { publishDeadLetter } from './dead-letter.js'
import { identifyLoosely } from './deduplication.js'
import type { Delivery } from './delivery.js'
import type { Outcome } from './handler-transaction.js'
import type { ResolvedInboxOptions } from './inbox-options.js'
import { failureOf, waitsForOperator } from './message-fault.js'
import { parkableOf } from './parkable-message.js'

/** Why a message is parked. */
export interface ParkOptions {
  /** What its handler threw. Its message is stored, cut to 1,000 characters, and shown to operators. */
  readonly error: unknown
  /** How often it has failed. */
  readonly attempts: number
}

/** Parks a message, in a transaction of its own that moves the position as well. The id is remembered when it is handled. */
export async function parkMessage<Tx>(
  options: ResolvedInboxOptions<Tx>,
  delivery: Delivery,
  { error, attempts }: ParkOptions,
): Promise<Outcome> {
  const { name, timeoutMs, parkedBackoff } = options
  const store: InboxStore<Tx> = options.store
  const { position, id } = identifyLoosely(options, delivery)
  const range = position && { ...position, first: position.offset, last: position.offset }
  const retryMs = waitsForOperator(error) ? null : parkedBackoff.initialMs
  const how = { failure: failureOf(error, attempts), retryMs }
  return store.transaction({ timeoutMs }, async (tx) => {
    const received = { topic: delivery.topic, range, messages: [] }
    // Another owner of the partition may have handled, or parked, the message meanwhile.
    if (range && !(await store.receiveMessages(tx, name, received)))
      return { status: 'duplicate', by: 'position' }
    const message = parkableOf(delivery, id)
    await store.parking.parkFailed(tx, name, message, how)
    await publishDeadLetter(options, tx, { message, failure: how.failure })
    return { status: 'parked', because: 'failed' }
  })
}
