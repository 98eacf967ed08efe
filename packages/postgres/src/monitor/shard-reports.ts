/** The last error of a worker at a shard. */
export interface ReportedError {
  /** When it came, by the worker's clock: an ISO 8601 time. */
  readonly at: string
  /** Which worker, as it calls itself. */
  readonly worker: string
  readonly code: string
  readonly message: string
}

/** What a worker tells of a shard, for those who look at another worker. */
export interface ShardReport {
  readonly shard: number
  /** Messages that it has sent since its last report. */
  readonly sent: number
  /** Its last error since then; null where there was none. */
  readonly error: ReportedError | null
}

/** What workers have told of a shard. */
export interface ReportedShard {
  readonly shard: number
  /** Messages, by all workers, ever since the tables have counted them. What a worker had not yet told when it was killed is missing. */
  readonly sent: number
  /** The last one of any worker, also where the shard has recovered from it. */
  readonly error: ReportedError | null
}

/** The part of a store by which workers tell each other's pages what they do. What is sent does not depend on it. */
export interface ShardReports {
  /** Tells something of a shard, whoever holds it. Nothing happens where the outbox does not have it. */
  reportShard(report: ShardReport): Promise<void>
  /** Every shard of the outbox, by its number. */
  readShardReports(): Promise<readonly ReportedShard[]>
}
