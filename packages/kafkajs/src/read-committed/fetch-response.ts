/** A record as kafkajs 2.2.4 decodes it from a fetch response. */
export interface FetchedRecord {
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** kafkajs hides such records from handlers but counts their offsets. */
  isControlRecord: boolean
  readonly batchContext: FetchedBatch
}

/** The head of the record batch that a record lies in. */
interface FetchedBatch {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly producerId: string
  readonly inTransaction: boolean
}

/** An aborted transaction that overlaps a fetched range. It ends at its producer's next abort marker. */
export interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

/** One partition of a fetch response. */
export interface FetchedPartition {
  readonly partition: number
  readonly messages: readonly FetchedRecord[]
  /** Empty for a consumer that reads uncommitted records, absent before version 4 of the request. */
  abortedTransactions?: readonly AbortedTransaction[]
}

/** A fetch response. A topic may come more than once: kafkajs asks for partitions in random order. */
export interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string
    readonly partitions: readonly FetchedPartition[]
  }[]
}
