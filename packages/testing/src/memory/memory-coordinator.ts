import { type Checkpoint, PigeonholeError } from '@pigeonhole/core'

interface Shard {
  epoch: number
  checkpoint: Checkpoint | undefined
}

/** What a cluster remembers of the relays: whose producers may write, and the last checkpoint of each shard. */
export class MemoryCoordinator {
  readonly #relays = new Map<string, number>()
  readonly #shards = new Map<string, Shard>()

  /** How many partitions the checkpoint topic of `relay` has; undefined where there is none. */
  checkpointPartitions(relay: string): number | undefined {
    return this.#relays.get(relay)
  }

  /** Creates the checkpoint topic of `relay`, or gives it the partitions that it lacks. */
  provideCheckpointTopic(relay: string, shards: number): void {
    this.#relays.set(relay, Math.max(shards, this.#relays.get(relay) ?? 0))
  }

  /** The epoch of a new producer: those of its predecessors may write no more. */
  fence(relay: string, shard: number): number {
    const state = this.#shard(relay, shard)
    state.epoch += 1
    return state.epoch
  }

  /** @throws PRODUCER_FENCED */
  assertOwner(relay: string, shard: number, epoch: number): void {
    if (this.#shard(relay, shard).epoch === epoch) return
    throw new PigeonholeError('PRODUCER_FENCED', {
      message: `The producer of shard ${shard} is fenced: a newer one has taken over`,
      details: { shard },
      retryable: true,
    })
  }

  checkpointOf(relay: string, shard: number): Checkpoint | undefined {
    return this.#shard(relay, shard).checkpoint
  }

  remember(relay: string, shard: number, checkpoint: Checkpoint): void {
    this.#shard(relay, shard).checkpoint = checkpoint
  }

  #shard(relay: string, shard: number): Shard {
    const name = `${relay}/${shard}`
    const known = this.#shards.get(name) ?? { epoch: 0, checkpoint: undefined }
    this.#shards.set(name, known)
    return known
  }
}
