/** The buckets from `first` to `last`, both included. */
export interface BucketRange {
  readonly first: number
  readonly last: number
}

/** A shard whose confirmed batch ends at the snapshot of a {@link ShardMapChange}. */
export interface ClosedShard {
  readonly shard: number
  /** The lease's token. */
  readonly token: string
  /** Number of the batch. */
  readonly confirmed: number
}

/** A new division of the buckets. */
export interface ShardMapChange {
  /** Every shard that owns something, or that is retired and comes back. */
  readonly closed: readonly ClosedShard[]
  /** What is visible in it has been sent by the old owners; the new ones go on behind it. */
  readonly snapshot: string
  /** What the shards from 0 on are to own. All others are retired. */
  readonly ranges: readonly BucketRange[]
}

/** A shard as the map of an outbox has it. */
export interface MappedShard {
  readonly shard: number
  /** What the shard owns; null when it is retired: its numbers stay, in case it comes back. */
  readonly buckets: BucketRange | null
}

/** A shard of the map, and who has it. */
export interface HeldShard extends MappedShard {
  /** Who holds its lease; null: nobody. */
  readonly holder: string | null
}
