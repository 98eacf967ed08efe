import type { PigeonholeError } from '../errors/pigeonhole-error.js'
/**
 * What a shard is doing. `waiting`: for an answer of the database, or backing off after an error. `standby`: another
 * process holds the lease. `halted`: ended for a reason, see its error.
 */
export type ShardState = 'standby' | 'opening' | 'publishing' | 'waiting' | 'halted' | 'stopped'

/** What a relay tells. Events are lost with the process; what they tell of is not. */
export interface RelayEvents {
  /**
   * A shard's state has changed. `error` is why it waits or has halted.
   * @commit No commit of its own: told after what it tells of.
   */
  'shard:changed': { readonly shard: number; readonly state: ShardState; readonly error: unknown }
  /**
   * The outbox is divided into these shards, as the database has it: at first, and after each change. `configured`: how many
   * this relay would have given a new outbox. Where they are not as many, it follows the database.
   * @commit After the map was committed in PostgreSQL, by whichever process changed it.
   */
  'map:read': { readonly shards: readonly number[]; readonly configured: number; readonly first: boolean }
  /**
   * This process holds the shard's lease. `stolen`: another process held it, and more shards than this one.
   * @commit After PostgreSQL's commit of the lease.
   */
  'lease:taken': { readonly shard: number; readonly stolen: boolean }
  /**
   * Another process holds the lease, or renewals have not been answered for its length.
   * @commit After another process's commit of the lease, or for want of an answer. What this one still prepares, the guard refuses once another has committed.
   */
  'lease:lost': { readonly shard: number }
  /**
   * Predecessors are fenced, Kafka's checkpoint is read, and the shard goes on behind `batch`.
   * @commit After PostgreSQL's commit of the agreement; at genesis after Kafka's of batch 0, too.
   */
  'shard:opened': { readonly shard: number; readonly batch: number; readonly genesis: boolean }
  /**
   * The intent is committed in PostgreSQL; nothing of the batch is in Kafka yet.
   * @commit After PostgreSQL's commit of the intent, before Kafka's of the batch, which may yet not be.
   */
  'batch:prepared': { readonly shard: number; readonly batch: number; readonly rows: number }
  /**
   * Kafka has committed the batch.
   * @commit After Kafka's commit of the batch, before PostgreSQL is told of it. A process that dies in between has published without a word.
   */
  'batch:published': {
    readonly shard: number
    readonly batch: number
    readonly rows: number
    /** From the first byte sent to the acknowledged commit. */
    readonly durationMs: number
  }
  /**
   * The broker refuses this one record: its message is parked, and its key is blocked if it has one. The key is told by its
   * hash.
   * @commit After PostgreSQL's commit of the parking. It comes once more for each retry of it that is refused again.
   */
  'record:parked': {
    readonly shard: number
    readonly topic: string
    readonly keyHash: string
    readonly messageId: string
    readonly error: PigeonholeError<'RECORD_REFUSED'>
  }
  /**
   * Messages whose key is blocked or whose topic is paused have been parked, too.
   * @commit After PostgreSQL's commit of the intent whose page they were in, before Kafka's of that batch: they stay parked where
   * that is not sent.
   */
  'messages:parked': { readonly shard: number; readonly rows: number }
  /**
   * Parked messages have been sent, and they are parked no longer.
   * @commit After Kafka's commit of the batch, and PostgreSQL's of their removal. An opening that finds such a batch in Kafka
   * removes them without a word.
   */
  'messages:released': { readonly shard: number; readonly rows: number }
  /**
   * The broker takes nothing for a topic. Its messages are parked, and tried again after `delayMs`; others flow.
   * @commit After PostgreSQL's commit of the pause. It comes once more, with a longer delay, for each attempt that fails.
   */
  'topic:paused': {
    readonly shard: number
    readonly topic: string
    readonly delayMs: number
    readonly error: PigeonholeError
  }
  /**
   * All that the pause of a topic held is sent.
   * @commit After PostgreSQL's commit of the end of the pause. An opening that finds all of it in Kafka ends it without a word.
   */
  'topic:resumed': { readonly shard: number; readonly topic: string }
  /**
   * A partition of the outbox of which everything was confirmed is empty again, and its space is given back.
   * @commit After PostgreSQL's commit.
   */
  'partition:truncated': { readonly shard: number; readonly partition: number }
  /**
   * Published messages stay where they are for now: `held` partitions are locked by somebody else, `unsettled` shards have halted
   * or nobody leads them, which one such shard does to the whole outbox, or `error` was the answer, as for want of a privilege.
   * Sending goes on. Told of once until cleaning succeeds again.
   * @commit No commit of its own: it is tried again.
   */
  'cleaning:delayed': {
    readonly shard: number
    readonly held: readonly number[]
    readonly unsettled: readonly number[]
    readonly error: unknown
  }
  /**
   * An uncertain outcome: the shard drops its producer and what it has read ahead, and opens again after `delayMs`.
   * @commit After an error: what it interrupted may be committed or not. `shard:opened` tells where it goes on.
   */
  'shard:reopening': {
    readonly shard: number
    readonly error: unknown
    readonly attempt: number
    readonly delayMs: number
  }
}
