/** A partition, or a place in it. */
export interface PartitionPlace {
  readonly topic: string
  readonly partition: number
}

/** What a run tells. Events are lost with the process; what they tell of is not. */
export interface InboxRunEvents {
  /**
   * The group has given this consumer these partitions, some of them perhaps anew.
   * @commit No commit of its own.
   */
  'group:joined': { readonly memberId: string; readonly partitions: readonly PartitionPlace[] }
  /**
   * The place where a partition goes on is known. It is read there, wherever Kafka's offset of the group points.
   * @commit After the partition's position was read; nothing of it is handled yet.
   */
  'partition:claimed': PartitionPlace & {
    readonly nextOffset: bigint
    /** Where Kafka, or the last look at the position, would have gone on, if elsewhere: a restored database replays. */
    readonly soughtFrom: bigint | undefined
  }
  /**
   * The partition was begun here several times, and no process got any further. Until it does its messages are handled one at
   * a time, each start is written down, and nothing else is handled in this process meanwhile: who kills it is found out.
   * @commit After the claim was counted.
   */
  'partition:careful': PartitionPlace & {
    readonly offset: bigint
    /** How often it was begun here, this time included. */
    readonly claims: number
    /** How often its message was started without an end. */
    readonly starts: number
  }
  /**
   * The partition is no longer this consumer's: nothing more of it is handled here.
   * @commit No commit of its own: a message in handling may still commit, once.
   */
  'partition:lost': PartitionPlace & { readonly reason: unknown }
  /**
   * A message, or the reading of the partition's position, has failed. Nothing of the partition is handled until it is
   * tried again after `delayMs`. Other partitions go on.
   * @commit After a rollback, or an outcome that is unknown.
   */
  'partition:held': PartitionPlace & {
    /** Unknown before the partition is claimed. */
    readonly offset: bigint | undefined
    readonly attempt: number
    readonly delayMs: number
    readonly error: unknown
  }
  /**
   * What held the partition has succeeded, after `attempts` failures.
   * @commit After the commit of what held it.
   */
  'partition:released': PartitionPlace & { readonly offset: bigint | undefined; readonly attempts: number }
  /**
   * Parked messages could not be looked at, or their handling has ended without an outcome. It is tried again after
   * `delayMs`.
   * @commit After a rollback, or an outcome that is unknown.
   */
  'parked:delayed': { readonly error: unknown; readonly delayMs: number }
  /**
   * Ids that are older than they are kept were forgotten.
   * @commit After the commits of their deletion.
   */
  'ids:forgotten': { readonly count: number }
  /**
   * Old ids could not be forgotten. It is tried again after `delayMs`.
   * @commit After a rollback, or an outcome that is unknown.
   */
  'ids:delayed': { readonly error: unknown; readonly delayMs: number }
  /**
   * A topic keeps messages for at least as long as the inbox keeps their ids, in milliseconds; Infinity: for ever. `error` says what
   * that means, and what to do. It is told at the start, and when Kafka's figure has changed.
   * @commit No commit of its own.
   */
  'retention:short': {
    readonly topic: string
    readonly idRetentionMs: number
    readonly topicRetentionMs: number
    readonly error: unknown
  }
  /**
   * Kafka does not tell how long the topics keep their messages. Where the inbox keeps no positions, no id is forgotten meanwhile.
   * Told once until it does.
   * @commit No commit of its own.
   */
  'retention:unknown': { readonly error: unknown }
  /**
   * Offsets of the group that Kafka has taken, for lag tools: each is that of the next message.
   * @commit After Kafka's commit of the group's offsets, which come behind the handlers' own.
   */
  'offsets:committed': { readonly offsets: readonly (PartitionPlace & { readonly offset: bigint })[] }
  /**
   * Kafka did not take the group's offsets. They are committed again with the next ones.
   * @commit Kafka has not committed the offsets, or may have. The handlers' commits stand.
   */
  'offsets:refused': { readonly error: unknown }
  /**
   * The kafkajs consumer has ended with an error, and starts again after about `restartMs`. Its partitions are lost.
   * @commit No commit of its own. What was handled stays handled.
   */
  'consumer:crashed': { readonly error: unknown; readonly restartMs: number | undefined }
  /**
   * The consumer handles messages from now on, or no longer: its database or a broker does not answer, the group is being joined, or
   * a partition is held for another reason than its message. `reason` is the code of an error, `JOINING` or `STOPPED`.
   * @commit No commit of its own.
   */
  'readiness:changed': {
    readonly ready: boolean
    readonly reason: string | undefined
    /** The error's own words. */
    readonly message: string | undefined
  }
}
