import { isPigeonholeError } from '../../errors/pigeonhole-error.js'
import type { Checkpoint, RelayPublisher, ShardProducer } from '../../ports/relay-publisher.js'

/** A producer that has fenced every other of its shard, and what they have committed last. */
export interface FencedCheckpoint {
  /** The caller's to close. */
  readonly producer: ShardProducer
  readonly checkpoint: Checkpoint | undefined
}

const tries = 4

/**
 * Fences a shard's producers and reads what they have committed last. A relay that was opening the shard when its lease was
 * taken fences once more, before its database refuses it: what it has fenced is fenced again. One that goes on with that is
 * at work on another database.
 * @throws PRODUCER_FENCED then.
 */
export async function fenceAndRead(
  publisher: RelayPublisher,
  relay: string,
  shard: number,
): Promise<FencedCheckpoint> {
  for (let attempt = 1; ; attempt++) {
    const producer = await publisher.fence(relay, shard)
    try {
      return { producer, checkpoint: await producer.readCheckpoint() }
    } catch (error) {
      await producer.close()
      if (attempt === tries || !isPigeonholeError(error, 'PRODUCER_FENCED')) throw error
    }
  }
}
