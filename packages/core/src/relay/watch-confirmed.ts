import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { RelayBatch } from '../ports/relay-store.js'
import type { OpenShard } from './opening.js'
import { orphaned } from './orphaned.js'
import type { ResolvedRelayOptions } from './relay-options.js'

/** What is watched, and how often. */
export interface Watch {
  readonly options: Pick<ResolvedRelayOptions, 'store' | 'clock' | 'renewMs'>
  readonly open: Pick<OpenShard, 'shard' | 'producer'>
  /** The last batch that Kafka has acknowledged. */
  readonly confirmed: () => RelayBatch
}

/**
 * Looks for the last confirmed batch on both sides whenever nothing was sent for as long as a renewal takes, until `signal`
 * aborts. A batch finds its parent in the database and its producer at the broker; a shard that has nothing to send would
 * notice a standby that was promoted without the last transactions, or a log that was cut off, when its messages wait for it.
 *
 * It only looks: a side that does not answer is asked again, and what the sides say is for the next opening to decide.
 * @throws INTENT_ORPHANED, CHECKPOINT_UNREADABLE when a side has lost it: open again.
 */
export async function watchConfirmed(
  { options, open, confirmed }: Watch,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, renewMs } = options
  const { shard, producer } = open
  while (!signal.aborted) {
    const last = confirmed()
    await clock.sleep(renewMs, signal)
    if (signal.aborted || confirmed() !== last) continue
    const [isInDatabase, isInLog] = await Promise.all([
      store.hasBatch(shard, last).catch(() => true),
      producer.isIntact().catch(() => true),
    ])
    // A batch that was confirmed meanwhile may have had this one deleted.
    if (confirmed() !== last) continue
    if (!isInDatabase) throw orphaned(shard, last.number + 1)
    if (!isInLog) throw cutOff(shard)
  }
}

function cutOff(shard: number): PigeonholeError<'CHECKPOINT_UNREADABLE'> {
  return new PigeonholeError('CHECKPOINT_UNREADABLE', {
    message: `Kafka no longer has what it had acknowledged last for shard ${shard}. It opens again, to find out what is left`,
    details: { shard },
    retryable: true,
  })
}
