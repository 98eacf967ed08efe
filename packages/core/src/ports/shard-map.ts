/** The buckets from `first` to `last`, both included. */
export interface BucketRange {
  readonly first: number
  readonly last: number
}

/** A shard as the map of an outbox has it. */
export interface MappedShard {
  readonly shard: number
  /** What the shard owns; null when it is retired: its numbers stay, in case it comes back. */
  readonly buckets: BucketRange | null
}
