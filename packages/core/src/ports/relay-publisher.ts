import type { LoggableMessage, LogVerdict } from './adoption.js'
import type { CapturedRow } from './relay-store.js'

/** What Kafka remembers of a shard: the last batch that it committed. */
export interface Checkpoint {
  readonly number: number
  readonly token: string
}

/** The part of a broker client that a relay needs. */
export interface RelayPublisher {
  /**
   * Connects. Resolves to the id of the cluster.
   * @throws BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED
   */
  connect(relay: string): Promise<{ readonly clusterId: string }>
  /** Creates the checkpoint topic if it is not there. Called at genesis only. */
  createCheckpointTopic(relay: string, shards: number): Promise<void>
  /** Whether the checkpoint topic is there. @throws CHECKPOINT_TOPIC_INVALID */
  hasCheckpointTopic(relay: string, shards: number): Promise<boolean>
  /** Gives the checkpoint topic, which is there, a partition for each of `shards` if it has fewer. */
  extendCheckpointTopic(relay: string, shards: number): Promise<void>
  /** A new producer for the shard: fences every predecessor and settles its transaction. */
  fence(relay: string, shard: number): Promise<ShardProducer>
  /**
   * What the log says of each message, by its id. They are given in the order in which they were published. It reads committed records, up to everything that was settled before the
   * call, and waits for other producers' transactions in between.
   * @throws DEADLINE_EXCEEDED when such a transaction does not end in time. BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED
   */
  locate(messages: readonly LoggableMessage[]): Promise<ReadonlyMap<string, LogVerdict>>
  /** Ends every producer and the tail. Harmless when called twice. */
  close(): Promise<void>
}

/**
 * One shard's transactional producer, from the fencing of its predecessors to its own end. After any rejection, but of
 * `isIntact`, nothing but `close` may be called: the outcome is not known, and only a new `fence` settles it.
 */
export interface ShardProducer {
  /**
   * Commits a session record to the shard's checkpoint partition and reads the partition past it: the checkpoint
   * before it is final. Resolves to undefined when there is none.
   * @throws CHECKPOINT_UNREADABLE after its deadline.
   */
  readCheckpoint(): Promise<Checkpoint | undefined>
  /**
   * Begins a transaction that holds the checkpoint record. The record may wait for the first rows, or for the commit: that the
   * producer is fenced shows at the latest there.
   */
  begin(checkpoint: Checkpoint): Promise<void>
  /**
   * Sends all rows in the transaction begun, and resolves when each is acknowledged for its partition.
   * @throws TOPIC_MISSING, BROKER_ACCESS_DENIED (a topic's fault), RECORD_REFUSED (a record's fault)
   */
  send(rows: readonly CapturedRow[]): Promise<void>
  /** Commits the transaction begun. */
  commit(): Promise<void>
  /**
   * Whether the checkpoint partition still reaches as far as what this producer has committed last. It may be asked while a
   * transaction is under way.
   * @throws BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED when nobody can tell. It may be asked again.
   */
  isIntact(): Promise<boolean>
  /** Drops the producer without aborting: the next `fence` does that. Never rejects. */
  close(): Promise<void>
}
