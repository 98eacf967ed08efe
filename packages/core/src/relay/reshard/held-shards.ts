import { untilAborted } from '../../lifecycle/until-aborted.js'
import { ShardLease } from '../lease.js'
import { leaseTaken, type OpenShard, openShard } from '../opening.js'
import type { ResolvedRelayOptions } from '../relay-options.js'

/**
 * Shards that one process has taken by force, for as long as it needs them all: their leases are renewed, and `lost` aborts
 * when another process has taken one.
 */
export class HeldShards {
  readonly #options: ResolvedRelayOptions
  readonly #leases: readonly ShardLease[]
  readonly #over = new AbortController()
  readonly #lost = new AbortController()
  readonly #keeping: Promise<void>[] = []
  readonly #opened = new Map<number, OpenShard>()

  constructor(shards: readonly number[], options: ResolvedRelayOptions) {
    this.#options = options
    this.#leases = shards.map((shard) => new ShardLease(shard, options))
  }

  /** Aborts, with the error, when another process has taken a lease. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /**
   * Takes each lease, whoever has it, and opens each shard: from then on nothing of any predecessor can be committed, in
   * PostgreSQL or in Kafka.
   */
  async open(): Promise<readonly OpenShard[]> {
    for (const lease of this.#leases) {
      await lease.seize()
      this.#keeping.push(this.#keep(lease))
    }
    for (const lease of this.#leases) await this.#open(lease)
    return [...this.#opened.values()]
  }

  /** Opens a shard afresh, and ends the producer that it had. */
  async reopen({ shard, producer }: OpenShard): Promise<OpenShard> {
    await producer.close()
    return this.#open(this.#leases.find((lease) => lease.shard === shard) as ShardLease)
  }

  /** Ends every producer and gives every lease up. Never rejects. */
  async release(): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#keeping)
    await Promise.all([...this.#opened.values()].map(({ producer }) => producer.close()))
    await Promise.all(this.#leases.map((lease) => lease.release()))
  }

  // A renewal that is not answered gives nothing up: what is written is right without a lease, and whether all shards are
  // still held is asked in the transaction that changes the map.
  async #keep({ shard, holder }: ShardLease): Promise<void> {
    const { store, clock, renewMs } = this.#options
    const over = this.#over.signal
    for (await clock.sleep(renewMs, over); !over.aborted; await clock.sleep(renewMs, over)) {
      const held = await store.renewLease({ shard, holder }).catch(() => true)
      if (!held) this.#lost.abort(leaseTaken(shard))
    }
  }

  async #open({ shard, holder }: ShardLease): Promise<OpenShard> {
    const opening = openShard(this.#options, shard, holder)
    try {
      const open = await untilAborted(opening, this.#lost.signal)
      this.#opened.set(shard, open)
      return open
    } catch (error) {
      // One that was given up may still resolve.
      void opening.then(({ producer }) => producer.close()).catch(() => undefined)
      throw error
    }
  }
}
