/** How much waits in a shard. Cheap to read however much it is, and exact while that is little. */
export interface ShardMeasures {
  /** Null: no relay has divided the outbox yet. */
  readonly shard: number | null
  /** Committed messages that no confirmed batch covers yet, as far as they were counted. */
  readonly pending: number
  /** Whether there may be more than `pending` says. */
  readonly atLeast: boolean
  /** Age in seconds of the oldest message that was counted, by the database's clock; null when there is none. */
  readonly oldestAgeSeconds: number | null
}

/** A table of Pigeonhole's. */
export interface TableMeasures {
  readonly table: string
  /** With its indexes and what is stored out of line. */
  readonly bytes: number
  /** As many as the database estimated when it last looked. Rows that are sent and not yet deleted are among them. */
  readonly estimatedRows: number
}

/**
 * Who needs the oldest transaction id in use, and so keeps the database from removing what has been deleted since. A
 * relay waits for no other transaction, but its table grows, and its looks at the table become slower.
 */
export interface XidHolder {
  readonly kind: 'session' | 'prepared' | 'slot'
  /** The session's process, or that of whoever reads from the slot; null when there is none. */
  readonly pid: number | null
  /** Application name of a session, name of a prepared transaction or of a slot. */
  readonly name: string
  /** Such as `active` or `idle in transaction`. */
  readonly state: string | null
  /** The transaction id. */
  readonly xid: string
  /** How many transactions have been numbered since. */
  readonly xids: number
  /** Begin of the transaction, in ISO 8601; null for a slot. */
  readonly startedAt: string | null
  /** Begin of the session's last statement, in ISO 8601. */
  readonly queryStartedAt: string | null
  /** Seconds since the begin of the transaction, by the database's clock; null for a slot. */
  readonly ageSeconds: number | null
}

/** What cannot be sent at the moment. Cheap to read however much it is, and exact while that is little. */
export interface ParkingMeasures {
  /** Parked messages on the way out, as far as they were counted. */
  readonly messages: number
  /** Whether there may be more than `messages` says. */
  readonly atLeast: boolean
  readonly pausedTopics: number
}

/** What {@link MonitorStore.readMeasures} tells. */
export interface Measures {
  /** Every shard that owns anything. */
  readonly shards: readonly ShardMeasures[]
  readonly parking: ParkingMeasures
  readonly tables: readonly TableMeasures[]
  /** Null when nobody uses any, or nobody whom this role may see. */
  readonly xidHolder: XidHolder | null
}

/** The part of a store that a monitor needs. Nothing here looks at more rows than a bound, or takes a lock. */
export interface MonitorStore {
  /** @throws SCHEMA_MISSING, STORE_ACCESS_DENIED, STORE_UNAVAILABLE */
  readMeasures(): Promise<Measures>
  /** @throws STORE_UNAVAILABLE */
  readXidHolder(): Promise<XidHolder | null>
}
