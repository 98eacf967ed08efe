/**
 * What a shard is doing. `waiting`: for an answer of the database, or backing off after an error. `standby`: another
 * process holds the lease. `halted`: ended for a reason, see its error.
 */
export type ShardState = 'standby' | 'opening' | 'publishing' | 'waiting' | 'halted' | 'stopped'

/** What a relay tells. Events are lost with the process; what they tell of is not. */
export interface RelayEvents {
  /** A shard's state has changed. `error` is why it waits or has halted. */
  'shard:changed': { readonly shard: number; readonly state: ShardState; readonly error: unknown }
  /**
   * The outbox is divided into these shards, as the database has it: at first, and after each change. `configured`: how many
   * this relay would have given a new outbox. Where they are not as many, it follows the database.
   */
  'map:read': { readonly shards: readonly number[]; readonly configured: number; readonly first: boolean }
  /** This process holds the shard's lease. */
  'lease:taken': { readonly shard: number }
  /** Another process holds the lease, or renewals have not been answered for its length. */
  'lease:lost': { readonly shard: number }
  /** Predecessors are fenced, Kafka's checkpoint is read, and the shard goes on behind `batch`. */
  'shard:opened': { readonly shard: number; readonly batch: number; readonly genesis: boolean }
  /** The intent is committed in PostgreSQL; nothing of the batch is in Kafka yet. */
  'batch:prepared': { readonly shard: number; readonly batch: number; readonly rows: number }
  /** Kafka has committed the batch. */
  'batch:published': {
    readonly shard: number
    readonly batch: number
    readonly rows: number
    /** From the first byte sent to the acknowledged commit. */
    readonly durationMs: number
  }
  /** Confirmed messages have been deleted from the outbox, in a transaction that commits next. */
  'messages:deleted': { readonly shard: number; readonly rows: number }
  /** An uncertain outcome: the shard drops its producer and what it has read ahead, and opens again after `delayMs`. */
  'shard:reopening': {
    readonly shard: number
    readonly error: unknown
    readonly attempt: number
    readonly delayMs: number
  }
}
