import type { StoredHeader } from '../message/headers.js'
import type { ParkedGroup, ParkedSelection, WaitingKey } from './parking.js'

/** Which parked messages of an inbox are meant: those that are all that is given. */
export interface InboxParkedSelection extends ParkedSelection {
  readonly inbox: string
}

/** A parked message of an inbox without its payload. */
export interface InboxParkedMessage {
  /** Its place among the parked ones. */
  readonly id: string
  /** Null where it has none. */
  readonly messageId: string | null
  readonly topic: string
  readonly key: Uint8Array | null
  /** Null where it came from no log. */
  readonly partition: number | null
  readonly offset: bigint | null
  /** Of key, payload and headers. */
  readonly bytes: number
  /** When it was written, ISO 8601; null where nobody says so. */
  readonly createdAt: string | null
  readonly parkedAt: string
  /** Null: it has not failed itself, and follows one that has. */
  readonly errorCode: string | null
  readonly error: string
  readonly attempts: number
}

/** A parked message of an inbox with all that will be handled. */
export interface InboxParkedMessageContent extends InboxParkedMessage {
  readonly headers: readonly StoredHeader[]
  readonly payload: Uint8Array | null
}

/** What was asked to be handled again. */
export interface RetriedInboxParking {
  readonly keys: number
  /** Without a key. */
  readonly messages: number
  /** Keys, and messages without one, that somebody is handling at the moment. They are left to it. */
  readonly busy: number
}

/** What was removed for good. */
export interface DiscardedInboxParking {
  readonly messages: number
  /** Keys of which nothing is left, so that new messages of them are handled as they come. */
  readonly unblocked: number
  /** Messages that stay, because they, or others of their key, are being handled at the moment. */
  readonly busy: number
  /** Keys that stay blocked for what was behind the discarded, the oldest first. */
  readonly behind: readonly WaitingKey[]
}

/**
 * What an operator does with the parked messages of an inbox. Each method is a transaction that takes turns with whoever
 * handles a parked message, and waits for none.
 */
export interface InboxParkingStore {
  /** Blocked keys, and parked messages without a key, the oldest first. */
  listInboxParking(inbox: string): Promise<readonly ParkedGroup[]>
  /** Parked messages by their age, at most `limit`. */
  listInboxParkedMessages(
    selection: InboxParkedSelection,
    limit: number,
  ): Promise<readonly InboxParkedMessage[]>
  /** One with its payload; null where that inbox has none of that id. */
  readInboxParkedMessage(inbox: string, id: string): Promise<InboxParkedMessageContent | null>
  /** Has the keys of messages, and messages without a key, handled again at once. */
  retryInboxParked(selection: InboxParkedSelection): Promise<RetriedInboxParking>
  /** Deletes messages for good, and remembers their ids as if they had been handled. */
  discardInboxParked(selection: InboxParkedSelection): Promise<DiscardedInboxParking>
}
