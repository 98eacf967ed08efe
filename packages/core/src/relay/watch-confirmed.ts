import { PigeonholeError } from '../errors/pigeonhole-error.js'
import type { RelayBatch } from '../ports/relay-store.js'
import { LogLook } from './log-look.js'
import { firstShard, type OpenShard } from './opening.js'
import { orphaned } from './orphaned.js'
import type { ResolvedRelayOptions } from './relay-options.js'

/** What is watched, and how often. */
export interface Watch {
  readonly options: Pick<ResolvedRelayOptions, 'store' | 'clock' | 'renewMs' | 'leaseMs'>
  readonly open: Pick<OpenShard, 'shard' | 'producer'>
  /** The last batch that Kafka has acknowledged. */
  readonly confirmed: () => RelayBatch
}

/**
 * Looks for the last confirmed batch on both sides whenever nothing was sent for as long as a renewal takes, until `signal`
 * aborts. A batch finds its parent in the database and its producer at the broker; a shard that has nothing to send would
 * notice a standby that was promoted without the last transactions, or a log that was cut off, when its messages wait for it.
 *
 * The first shard looks as often whether the database still says whose outbox it is, whatever is sent: batch 0 may have reached a
 * standby and that not, which only an opening writes and which the others wait for.
 *
 * It only looks: a side that does not answer is asked again, and what the sides say is for the next opening to decide. Whoever
 * looks for messages finds out that the database is away. Of Kafka, only this would tell while there is nothing to send: a silence
 * as long as the lease ends the watch.
 * @throws INTENT_ORPHANED, CHECKPOINT_UNREADABLE when a side has lost it, IDENTITY_LOST, BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED:
 * open again.
 */
export async function watchConfirmed(
  { options, open, confirmed }: Watch,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, renewMs } = options
  const { shard, producer } = open
  const log = new LogLook(producer, options)
  while (!signal.aborted) {
    const last = confirmed()
    await clock.sleep(renewMs, signal)
    if (signal.aborted) return
    if (shard === firstShard && !(await hasIdentity(store))) throw identityLost(shard)
    if (confirmed() !== last) {
      log.answered()
      continue
    }
    const [isInDatabase, isInLog] = await Promise.all([
      store.hasBatch(shard, last).catch(() => true),
      log.isIntact(signal),
    ])
    // A batch that was confirmed meanwhile may have had this one deleted.
    if (confirmed() !== last) continue
    if (!isInDatabase) throw orphaned(shard, last.number + 1)
    if (!isInLog) throw cutOff(shard)
  }
}

async function hasIdentity(store: Watch['options']['store']): Promise<boolean> {
  const found = await store.readIdentity().catch(() => undefined)
  return found?.recorded !== null
}

function identityLost(shard: number): PigeonholeError<'IDENTITY_LOST'> {
  return new PigeonholeError('IDENTITY_LOST', {
    message: `The database no longer says whose outbox it is: a failover has lost that. Shard ${shard} opens again, and says it anew`,
    details: { shard },
    retryable: true,
  })
}

function cutOff(shard: number): PigeonholeError<'CHECKPOINT_UNREADABLE'> {
  return new PigeonholeError('CHECKPOINT_UNREADABLE', {
    message: `Kafka no longer has what it had acknowledged last for shard ${shard}. It opens again, to find out what is left`,
    details: { shard },
    retryable: true,
  })
}
