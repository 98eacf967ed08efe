/** What each code carries in `details`. The key set of this interface is the list of all codes. */
export interface ErrorDetails {
  /** An option has an unknown name or a value outside its rule. */
  OPTION_INVALID: { readonly option: string; readonly nearest?: string }
  /** `publish` was called with a client that is not inside an open transaction. */
  OUTSIDE_TRANSACTION: Record<never, never>
  /** A value was refused by its topic's schema. `path` is that of the first issue. */
  VALUE_INVALID: { readonly topic: string; readonly path: string }
  /** A value cannot be turned into bytes (a cycle, a bigint, a function, undefined). */
  VALUE_NOT_SERIALISABLE: { readonly topic: string }
  /** Key, value and headers together exceed the outbox's `maxMessageBytes`. */
  MESSAGE_TOO_LARGE: { readonly topic: string; readonly bytes: number; readonly maxBytes: number }
  /** A header's name is reserved, or its value is neither string nor bytes. */
  HEADER_INVALID: { readonly topic: string; readonly header: string }
  /** A topic name that Kafka would refuse. */
  TOPIC_NAME_INVALID: { readonly topic: string }
  /** The bytes of a consumed message cannot be decoded in its topic's format. */
  VALUE_UNDECODABLE: { readonly topic: string }
  /** A message carries no id although the inbox's `dedupe` needs one. */
  MESSAGE_ID_MISSING: { readonly topic: string }
  /** A delivery has no partition and offset although the inbox's `dedupe` needs a position. */
  POSITION_MISSING: { readonly topic: string }
  /** No handler is bound to the topic of a delivery. */
  HANDLER_MISSING: { readonly topic: string }
  /** The handler resolved, but PostgreSQL had already given its transaction up because of an error it swallowed. */
  HANDLER_SWALLOWED_ERROR: HandledThing
  /** A handler did not end within its `timeoutMs`. */
  HANDLER_TIMED_OUT: HandledThing & { readonly timeoutMs: number }
  /** A handler asks for its message to be parked: thrown as `park(reason)`. */
  PARK_REQUESTED: { readonly reason: string }
  /** Each process that has started the handler of a message has died before it ended. A parked one may be from nowhere. */
  MESSAGE_KILLS_PROCESS: {
    readonly topic: string
    readonly partition: number | null
    readonly offset: string | null
    readonly starts: number
  }
  /** As many messages of one key are parked as an inbox allows. */
  PARKED_KEY_FULL: { readonly topic: string; readonly parked: number }
  /** `publish` was called in a handler, and what runs it was created without an outbox. */
  OUTBOX_MISSING: { readonly inbox: string } | { readonly operation: string }
  /** An operation was asked for without an idempotency key. */
  KEY_MISSING: { readonly operation: string }
  /** An idempotency key is too long, or has characters that none may have. */
  KEY_INVALID: { readonly operation: string }
  /** Another attempt with the same idempotency key has not ended. */
  KEY_RUNNING: { readonly operation: string }
  /** An idempotency key was used before, with another input. */
  KEY_REUSED: { readonly operation: string }
  /** A caller's own key is older than its server remembers: a repeat might do the operation a second time. Nothing is sent. */
  KEY_EXPIRED: { readonly ageMs: number; readonly keyLifeMs: number }
  /** An operation's answer exceeds `maxAnswerBytes`. */
  ANSWER_TOO_LARGE: { readonly operation: string; readonly bytes: number; readonly maxBytes: number }
  /** A handler of HTTP has come to its end without an answer. */
  ANSWER_MISSING: { readonly operation: string }
  /** An answer of HTTP, a handler's or a stored one, has no status that can be sent. */
  ANSWER_INVALID: { readonly operation: string; readonly status: number | null }
  /** The body of a request exceeds `maxBodyBytes`. */
  BODY_TOO_LARGE: { readonly maxBytes: number }
  /** An operation's result has no form in JSON. */
  RESULT_NOT_SERIALISABLE: Record<never, never>
  /** The partition of a message was given to another consumer while the message was handled. */
  PARTITION_LOST: { readonly topic: string; readonly partition: number }
  /** Kafka has no record at the offset where an inbox goes on: a recreated topic, or retention. */
  POSITION_NOT_IN_LOG: {
    readonly topic: string
    readonly partition: number
    readonly nextOffset: string
    readonly offered: string
  }
  /** The inbox has handled messages of a partition, by Kafka's account, and its database knows of none. */
  POSITION_LOST: {
    readonly topic: string
    readonly partition: number
    /** Up to where the inbox had come, by the last offset that it has committed for the group; null where that is not known. */
    readonly committed: string | null
  }
  /** The topic is not the one that an inbox has handled: it was created anew, or the cluster is another one. */
  TOPIC_RECREATED: {
    readonly topic: string
    readonly partition: number
    /** The topic's id in Kafka. */
    readonly found: string
    /** The id of the topic that the inbox has handled. */
    readonly known: string
  }
  /** An inbox keeps ids for a shorter time than a topic its messages; null where that keeps them for ever. */
  ID_RETENTION_SHORT: {
    readonly topic: string
    readonly idRetentionMs: number
    readonly topicRetentionMs: number | null
  }
  /** A consumer has crashed and is kept from starting again. */
  CONSUMER_CRASHED: { readonly groupId: string }
  /** Two transactions collided (40001, 40P01, P2034): the same work may be tried again. */
  STORE_CONFLICT: Record<never, never>
  /** PostgreSQL cannot be reached, or the connection broke; the outcome of a commit in flight is unknown. */
  STORE_UNAVAILABLE: Record<never, never>
  /** PostgreSQL refused the credentials or a privilege is missing. */
  STORE_ACCESS_DENIED: Record<never, never>
  /** Pigeonhole's tables are not there. */
  SCHEMA_MISSING: { readonly schema: string }
  /** Pigeonhole's tables are of another version than this library needs. */
  SCHEMA_OUTDATED: { readonly schema: string; readonly found: number; readonly needed: number }
  /** The server is a standby: it is in recovery and cannot be written to. */
  STORE_STANDBY: Record<never, never>
  /** The broker cannot be reached. */
  BROKER_UNAVAILABLE: Record<never, never>
  /** The broker refused the credentials, or an ACL is missing. */
  BROKER_ACCESS_DENIED: { readonly resource?: string }
  /** A topic is not known to the cluster. */
  TOPIC_MISSING: { readonly topic: string }
  /** The checkpoint topic is not usable as it is (partitions or cleanup policy). */
  CHECKPOINT_TOPIC_INVALID: { readonly topic: string }
  /** A newer producer with the same transactional id has taken over. */
  PRODUCER_FENCED: { readonly shard: number }
  /** The tail of the checkpoint topic was not read within its deadline. */
  CHECKPOINT_UNREADABLE: { readonly shard: number }
  /** The broker refuses a record for what it is. Nothing behind it in its shard is sent. */
  RECORD_REFUSED: { readonly topic: string; readonly keyHash: string; readonly reason: string }
  /** Another process holds the lease of the shard. */
  LEASE_LOST: { readonly shard: number }
  /** The database no longer says whose outbox it is: a failover has lost it. The first shard opens again, and says it anew. */
  IDENTITY_LOST: { readonly shard: number }
  /** Nothing was ever sent from the outbox, and shard 0, behind which the others begin, is not open yet. */
  FIRST_SHARD_UNOPENED: { readonly shard: number }
  /** Another process took a shard while the buckets were divided anew. Nothing is changed. */
  RESHARD_INTERRUPTED: Record<never, never>
  /** The intent's parent is no longer there: another relay has opened the shard. */
  INTENT_ORPHANED: { readonly shard: number; readonly batch: number }
  /** `relay_identity` differs from this relay's name, cluster or PostgreSQL system. */
  RELAY_IDENTITY_CHANGED: { readonly what: IdentityPart; readonly recorded: string; readonly found: string }
  /** A cursor or a row carries a transaction id that this server has not given yet. */
  RELAY_XID_AHEAD: { readonly shard: number; readonly recorded: string; readonly server: string }
  /** The database has batches but the checkpoint topic has none: a new cluster, or a lost topic. */
  RELAY_CHECKPOINT_LOST: { readonly shard: number; readonly batch: number }
  /** Kafka's checkpoint is older than a batch it had acknowledged. */
  RELAY_KAFKA_WENT_BACK: { readonly shard: number; readonly checkpoint: number; readonly confirmed: number }
  /** Kafka's checkpoint names a batch that the database does not know: a restored backup, a clone, a lost failover. */
  RELAY_DATABASE_WENT_BACK: { readonly shard: number; readonly checkpoint: number }
  /** An inbox is to be rewound while its consumers run. */
  INBOX_RUNNING: { readonly groupId: string }
  /** Messages are to be replayed whose ids are to be kept, and have been forgotten. */
  IDS_FORGOTTEN: {
    readonly topic: string
    readonly partition: number
    /** ISO 8601. */
    readonly forgottenUntil: string
    /** The first offset from which on no id is forgotten. */
    readonly offset: string
  }
  /** A call ran into its deadline or was aborted. */
  DEADLINE_EXCEEDED: { readonly operation: string }
  /** The installed kafkajs is not the version whose internals were checked. */
  KAFKAJS_UNSUPPORTED: { readonly found: string; readonly needed: string }
  /** A server for tests could not be provided. */
  PROVISIONING_FAILED: { readonly server: string }
  /** The Prisma project of a folder cannot be read, or lacks what its models need. */
  PRISMA_PROJECT_INVALID: Record<never, never>
  /** A migration on disk differs from the one that was applied, or failed half-way. */
  MIGRATION_CONFLICT: { readonly migration: string }
}

/** What a handler handles: messages of a topic, or an operation. */
export type HandledThing = { readonly topic: string } | { readonly operation: string }

/** Which part of a relay's recorded identity differs. */
export type IdentityPart = 'relay name' | 'Kafka cluster' | 'PostgreSQL system'

/** Every code a {@link PigeonholeError} can have. Each has a row in docs/errors.md. */
export type ErrorCode = keyof ErrorDetails
