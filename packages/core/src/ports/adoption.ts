import type { Cursor, RelayBatch } from './relay-store.js'

/** A message as an adoption asks the log for it. */
export interface LoggableMessage {
  readonly id: string
  readonly topic: string
  readonly key: Uint8Array | null
  readonly partition: number | null
  /** Whether its payload is null, which removes its key from a compacted log. */
  readonly isTombstone: boolean
  /** When its transaction began, in milliseconds since 1970, by the database's clock: it cannot be in the log before. */
  readonly createdAt: number
}

/** A message of the outbox whose fate an adoption has to find out. */
export interface UnsettledMessage extends LoggableMessage {
  readonly seq: string
  /** Whether the recorded cursor says that a batch up to its own holds the message. */
  readonly covered: boolean
}

/** A message that is parked on the way out. */
export interface ParkedOutMessage extends LoggableMessage {
  /** Its id in the table of parked messages, not the message's own. */
  readonly parkedId: string
}

/** A part of the outbox, by seq. */
export interface UnsettledRequest {
  /** The recorded cursor. */
  readonly cursor: Cursor
  /**
   * Whether the cursor's transaction ids may be another server's. Then it says nothing of a message that this server has
   * numbered itself.
   */
  readonly copied: boolean
  /** `seq` of the last message of the part before; '0' for the first. */
  readonly after: string
  readonly limit: number
}

/**
 * What the log says of a message. `absent`: it is not there, and it would be there if it had ever been sent to this log.
 * Of a compacted log: `superseded`, it is not there, and a later one of the messages that were asked for, of its key, is;
 * `hidden`, it is not there, and a record of its key may have taken its place.
 * A message of which none of these can be said is in no answer.
 */
export type LogVerdict = 'logged' | 'absent' | 'superseded' | 'hidden'

/** What an adoption does inside a guarded transaction, within the buckets of the shard. */
export interface AdoptionTransaction {
  /** The next messages of the outbox by seq, fewer than `limit` only at the end. */
  readUnsettled(request: UnsettledRequest): Promise<readonly UnsettledMessage[]>
  /** The messages that are parked on the way out, in the order in which they were parked. */
  readParkedOut(): Promise<readonly ParkedOutMessage[]>
  /** Deletes messages of the outbox by their `seq`. */
  deleteMessages(seqs: readonly string[]): Promise<void>
  /** Deletes parked messages by their parked ids, and unblocks the keys of which none is left. */
  deleteParkedOut(parkedIds: readonly string[]): Promise<void>
  /**
   * Gives every message of the outbox the id of this transaction, so that each lies behind every snapshot that was taken
   * before it began. Their `seq`, and with it their order, stays. Resolves to how many.
   */
  renumberMessages(): Promise<number>
  /** Removes every batch of the shard and writes this one, which has no parent. */
  replaceBatches(batch: RelayBatch): Promise<void>
}
