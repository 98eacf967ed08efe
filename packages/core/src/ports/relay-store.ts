import type { AdoptionTransaction } from './adoption.js'
import type { OutboxRow } from './outbox-store.js'
import type { ParkingLook, ParkingStatus, ParkingStore, ParkingTransaction } from './parking.js'
import type { BucketRange, HeldShard, ShardMapChange } from './shard-map.js'

/**
 * How far a shard has read. All snapshots are PostgreSQL's own text form and opaque to the engine.
 * `until` null: everything visible in `from` is in a batch. Otherwise a capture from `from` to `until` is under way and
 * its rows up to `lastSeq` are in a batch.
 */
export interface Cursor {
  readonly from: string
  readonly until: string | null
  /** `seq` of the last row read of the capture under way; '0' when there is none. */
  readonly lastSeq: string
}

/** Before every transaction: the cursor of batch 0. */
export const originCursor: Cursor = { from: '1:1:', until: null, lastSeq: '0' }

/** An intent: what batch `number` holds follows from its parent's cursor and its own. */
export interface RelayBatch {
  readonly number: number
  /** Random, so that two attempts at one number are told apart. */
  readonly token: string
  /** Token of batch `number - 1`; null for batch 0. */
  readonly parent: string | null
  readonly cursor: Cursor
  /**
   * Places of the parked messages that the batch holds in place of a page: its cursor is its parent's then. They are parked
   * until it is confirmed. Absent: it holds a page.
   */
  readonly releases?: readonly string[]
}

/** A row of the outbox with the place PostgreSQL gave it. */
export interface CapturedRow extends OutboxRow {
  readonly seq: string
}

/** The rows of one page and the cursor behind them. No rows: the cursor is the one it was read from. */
export interface Page {
  readonly rows: readonly CapturedRow[]
  readonly cursor: Cursor
}

/**
 * What a look at the outbox finds for a shard: something to read, nothing, or so many messages of other shards that it went no
 * further.
 */
export type Look = 'messages' | 'nothing' | 'others'

/** Bounds of a page. It holds at least one row if there is any. */
export interface PageBounds {
  readonly maxRows: number
  /** Sum of key, payload and headers of all rows, in bytes. */
  readonly maxBytes: number
}

/** When partitions of the outbox are closed and emptied. */
export interface Cleaning {
  /** How long a published message is kept at least, since its partition was closed. */
  readonly retentionMs: number
  /** The size in bytes from which on a partition is closed. */
  readonly partitionBytes: number
  /** The age from which on a partition is closed, however small it is. */
  readonly partitionMs: number
}

/** What {@link GuardedTransaction.reclaim} did. */
export interface Reclaimed {
  /** The partitions that were emptied. */
  readonly truncated: readonly number[]
  /** Those that could have been, but for somebody who has them locked. */
  readonly held: readonly number[]
  /**
   * The shards without which nothing is emptied: nobody has seen PostgreSQL and Kafka agree on one that has halted or stopped, that
   * opens at this moment, or is adopted. Empty where nothing was to be emptied.
   */
  readonly unsettled: readonly number[]
  /** Whether another partition is written to from now on. */
  readonly turned: boolean
}

/** Who a relay is: recorded at genesis, compared at every opening. */
export interface RelayIdentity {
  readonly relay: string
  readonly clusterId: string
  readonly systemIdentifier: string
}

/** All that the start-up table looks at on the side of PostgreSQL. */
export interface ShardFacts {
  readonly recorded: RelayIdentity | null
  readonly systemIdentifier: string
  /** The batch number that Kafka is known to have acknowledged; 0 before the first. */
  readonly confirmed: number
  readonly batches: readonly RelayBatch[]
  /** The snapshot behind which a shard that was added later begins; null: before every transaction. */
  readonly origin: string | null
  /** The highest transaction id in any cursor, row or the identity, when it is beyond `serverXid`. */
  readonly xidAhead: string | null
  /** The next transaction id of the server. */
  readonly serverXid: string
}

/** A shard's lease as another process sees it. */
export interface Lease {
  readonly holder: string | null
  readonly token: string | null
  /** Counts renewals. An observer compares it on its own clock; no two clocks are ever compared. */
  readonly renewal: number
  readonly confirmed: number
}

/** What a guarded transaction must still hold, and what it makes known. */
export interface Guard {
  readonly shard: number
  readonly token: string
  /** Number of the last batch that Kafka acknowledged to this relay. */
  readonly confirmed: number
}

/** What may be done inside a guarded transaction. */
export interface GuardedTransaction extends ParkingTransaction, AdoptionTransaction {
  readFacts(): Promise<ShardFacts>
  /**
   * The current snapshot, in which this transaction is one that runs, also for itself. Once it has committed, no crash takes back
   * what the snapshot counts as ended.
   */
  readSnapshot(): Promise<string>
  /** Whether a shard, this one or another, has a batch of this number and token. */
  hasBatch(shard: number, batch: Pick<RelayBatch, 'number' | 'token'>): Promise<boolean>
  /** Records who this relay is, and the highest transaction id seen. */
  writeIdentity(identity: RelayIdentity): Promise<void>
  /** Raises what is confirmed, and never lowers it. */
  confirm(number: number): Promise<void>
  /** Notes that both sides agree on the shard: until its token changes, what its confirmed batch covers was sent. */
  agree(): Promise<void>
  /** Removes every batch of the shard but the one given (none given: all). */
  deleteOtherBatches(keep: Pick<RelayBatch, 'number' | 'token'> | null): Promise<void>
  /** Removes batches below `number`. */
  deleteBatchesBelow(number: number): Promise<void>
  /** Reads the next page of the buckets that the shard owns as this transaction finds it. */
  readPage(cursor: Cursor, bounds: PageBounds): Promise<Page>
  /**
   * As `readPage`, and nothing that is not visible in `until`, a snapshot that was taken after the cursor's. No rows: the
   * cursor is at `until`.
   */
  readPageUntil(cursor: Cursor, until: string, bounds: PageBounds): Promise<Page>
  /**
   * The cursor that has every message of others behind it which is there by now; null where the shard's own are among them.
   * It takes as long as there are many.
   */
  passOver(cursor: Cursor): Promise<Cursor | null>
  /** Inserts the intent if its parent is there (batch 0 has none). Resolves to false otherwise. */
  insertBatch(batch: RelayBatch): Promise<boolean>
  /**
   * Gives the space of published messages back. The outbox is a ring of partitions, one of which is written to. Any other is
   * emptied if the confirmed batches of all shards cover every message in it, both sides agree on each of them, and it was closed `retentionMs` ago; and
   * another one is written to, if one is empty and that is due. In the guarded transaction of shard 0 alone, so that two
   * never do it at once. Everything is decided by what the database knows to be confirmed. Nobody waits long for it: a
   * partition that somebody else uses is left to the next time.
   */
  reclaim(cleaning: Cleaning): Promise<Reclaimed>
}

/** A shard as `status` shows it. */
export interface ShardStatus extends HeldShard {
  readonly confirmed: number
  /** Committed messages of its buckets that no confirmed batch covers yet. */
  readonly pending: number
  /** Age of the oldest of them in seconds, by the database's clock; null when there is none. */
  readonly oldestAgeSeconds: number | null
}

/** The outbox as `status` shows it. */
export interface OutboxStatus {
  readonly identity: RelayIdentity | null
  readonly shards: readonly ShardStatus[]
  /** The same for all shards. */
  readonly pending: number
  readonly oldestAgeSeconds: number | null
  /** What could not be sent. It is not among the pending messages. */
  readonly parking: ParkingStatus
}

/** The part of a store that a relay needs. Every method is a transaction of its own. */
export interface RelayStore extends ParkingStore {
  /** @throws SCHEMA_MISSING, SCHEMA_OUTDATED, STORE_STANDBY, STORE_ACCESS_DENIED, STORE_UNAVAILABLE */
  checkServer(): Promise<void>
  /**
   * Makes a shard for each of `ranges`, in their order from 0, unless the outbox has any shard already. Of several callers
   * at once, one makes all of its own.
   */
  provideShards(ranges: readonly BucketRange[]): Promise<void>
  /** Every shard that the outbox has or had, by its number, and who holds it. */
  readShards(): Promise<readonly HeldShard[]>
  /**
   * Changes the map, in one transaction that locks all closed shards. A shard that is new begins behind the snapshot. Resolves
   * to false, with nothing changed, when a shard's token is another one, its confirmed batch does not end at the snapshot, or
   * a shard that owns something is not among those closed.
   */
  changeShards(change: ShardMapChange): Promise<boolean>
  /** The lease of a shard; null when it is none of the outbox's, or retired. */
  readLease(shard: number): Promise<Lease | null>
  /** Takes the lease if it is still as `observed`. Resolves to whether it did. */
  takeLease(request: {
    readonly shard: number
    readonly holder: string
    readonly observed: Lease
  }): Promise<boolean>
  /**
   * Takes the lease of a shard that the outbox has or had, whoever holds it. For operators' commands: a relay waits until a
   * lease is free.
   */
  seizeLease(request: { readonly shard: number; readonly holder: string }): Promise<void>
  /** Counts the renewal up. Resolves to false when another process holds the lease. */
  renewLease(request: { readonly shard: number; readonly holder: string }): Promise<boolean>
  /** Gives the lease up, so that another process may take it at once. Harmless when it is held by another. */
  releaseLease(request: { readonly shard: number; readonly holder: string }): Promise<void>
  /** Gives the held lease a new token: everything guarded by an older one is void. Resolves to false when it is not held. */
  changeToken(request: {
    readonly shard: number
    readonly holder: string
    readonly token: string
  }): Promise<boolean>
  /** What `recorded` identity and system the database has, read without any lock. */
  readIdentity(): Promise<{ readonly recorded: RelayIdentity | null; readonly systemIdentifier: string }>
  /** Whether a page of `shard` that is read from `cursor` would have rows, told from a bounded number of rows. */
  lookForMessages(shard: number, cursor: Cursor): Promise<Look>
  /** What is parked in the buckets of `shard`, and whether something of it is due. */
  lookAtParking(shard: number): Promise<ParkingLook>
  /** The current snapshot: the mark that `drain` waits for. */
  readSnapshot(): Promise<string>
  /** The cursor of the shard's confirmed batch as the database knows it; null before genesis. */
  readConfirmedCursor(shard: number): Promise<Cursor | null>
  /** Whether the shard has a batch of this number and token. */
  hasBatch(shard: number, batch: Pick<RelayBatch, 'number' | 'token'>): Promise<boolean>
  /** Whether every message of the shard's buckets that is visible in `snapshot` is covered by `cursor`. */
  isCovered(shard: number, snapshot: string, cursor: Cursor): Promise<boolean>
  /**
   * Runs `work` in one READ COMMITTED READ WRITE transaction with synchronous commit that first locks the shard's row
   * where `guard.token` is its lease token, and raises `confirmed`. Once at most: `work` may begin to send what it has
   * written, for which it makes up a token.
   * @throws LEASE_LOST when the token is not the row's. STORE_STANDBY on a server in recovery.
   * @throws STORE_UNAVAILABLE when the outcome is unknown.
   */
  guarded<R>(guard: Guard, work: (tx: GuardedTransaction) => Promise<R>): Promise<R>
  /** What the tables say of the outbox, its shards and what is parked. */
  readStatus(): Promise<OutboxStatus>
}
