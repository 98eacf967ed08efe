import type { StoredHeader } from '../message/headers.js'
import type { OutboxRow } from './outbox-store.js'
import type { CapturedRow, PageBounds } from './relay-store.js'

/** Why something is parked or paused. It holds nothing of a message. */
export interface ParkingReason {
  readonly code: string
  readonly error: string
}

/** How long a topic rests between two attempts, in milliseconds: from `initialMs`, doubling up to `maxMs`. */
export interface PauseDelays {
  readonly initialMs: number
  readonly maxMs: number
}

/** What a guarded transaction does about messages that cannot be sent. All of it is about the shard's own buckets. */
export interface ParkingTransaction {
  /**
   * Pauses the topics of messages that nothing else holds: their pause was another shard's. Resolves to whether anything
   * is parked or paused.
   */
  openParking(): Promise<boolean>
  /**
   * Moves one message from the outbox to the parked ones, and blocks its key if it has one. Resolves to false, and does
   * nothing, when it is no longer in the outbox.
   */
  parkMessage(row: Pick<CapturedRow, 'seq'>, reason: ParkingReason): Promise<boolean>
  /** Moves those of `rows` whose key is blocked or whose topic is paused. Resolves to the `seq` of each, in any order. */
  parkBlocked(rows: readonly CapturedRow[]): Promise<ReadonlySet<string>>
  /** Pauses a topic, or prolongs its pause. Resolves to how long it rests, in milliseconds. */
  pauseTopic(topic: string, reason: ParkingReason, delays: PauseDelays): Promise<number>
  /**
   * The oldest parked messages that are to be sent again now, by their age: those of keys and of messages whose retry has
   * come and whose topic is not paused, and those that only a pause holds whose time has come. `seq` is their place among
   * the parked ones.
   */
  readReleases(bounds: PageBounds): Promise<readonly CapturedRow[]>
  /**
   * Removes messages that Kafka has confirmed, unblocks their keys where nothing of them is left, and ends the pauses that
   * are due and hold nothing any more. Resolves to the topics whose pause has ended. Harmless when it was done before.
   */
  applyReleases(places: readonly string[]): Promise<readonly string[]>
  /** A parked message was refused again, alone: it waits for an operator, and its key with it. */
  refuseRelease(place: string, reason: ParkingReason): Promise<void>
}

/** What a look at the parking of a shard finds. */
export interface ParkingLook {
  /** Whether anything is parked or paused. */
  readonly parked: boolean
  /** Whether something of it is to be sent again now. */
  readonly due: boolean
}

/** Which parked messages are meant: those that are all that is given. Nothing given: every one. */
export interface ParkedSelection {
  readonly ids?: readonly string[]
  readonly topic?: string
  readonly key?: Uint8Array
}

/** A blocked key, a parked message without a key, or a paused topic with what only the pause holds. */
export interface ParkedGroup {
  readonly kind: 'key' | 'message' | 'topic'
  readonly topic: string
  /** Null but for a key. */
  readonly key: Uint8Array | null
  /** Of the oldest message, by which the others follow; null where there is none. */
  readonly id: string | null
  readonly messages: number
  readonly errorCode: string | null
  readonly error: string
  readonly attempts: number
  /** ISO 8601. */
  readonly since: string
  /** When it is sent again, ISO 8601; null: an operator decides. */
  readonly retryAt: string | null
}

/** A parked message without its payload. */
export interface ParkedMessage extends Omit<OutboxRow, 'id' | 'headers' | 'payload'> {
  /** Its place among the parked ones. */
  readonly id: string
  /** What consumers know it by. */
  readonly messageId: string
  /** Of key, payload and headers. */
  readonly bytes: number
  /** When it was published, ISO 8601. */
  readonly createdAt: string
  readonly parkedAt: string
  /** Null: it was not refused itself, and follows one that was, or its topic is paused. */
  readonly errorCode: string | null
  readonly error: string
  readonly attempts: number
}

/** A parked message with all that will be sent. */
export interface ParkedMessageContent extends ParkedMessage {
  readonly headers: readonly StoredHeader[]
  readonly payload: Uint8Array | null
}

/** What was asked to be sent again. */
export interface RetriedParking {
  readonly keys: number
  /** Without a key. */
  readonly messages: number
  readonly topics: number
}

/** A blocked key whose oldest message was discarded, and what is parked behind that. */
export interface WaitingKey {
  readonly topic: string
  readonly key: Uint8Array
  /** How many are left. */
  readonly messages: number
  /** When they are sent, or handled, by themselves, ISO 8601; null: an operator decides. */
  readonly retryAt: string | null
}

/** What was removed for good. */
export interface DiscardedParking {
  readonly messages: number
  /** Keys of which nothing is left, so that new messages of them are sent. */
  readonly unblocked: number
  /** Messages that stay, because a batch that holds them may be on its way. */
  readonly inFlight: number
  /** Keys that stay blocked for what was behind the discarded, the oldest first. */
  readonly behind: readonly WaitingKey[]
}

/** What an operator does with parked messages. Each method is a transaction that takes turns with the relays' own. */
export interface ParkingStore {
  /** Everything that is parked or paused, the oldest first. */
  listParking(): Promise<readonly ParkedGroup[]>
  /** Parked messages by their age, at most `limit`. */
  listParkedMessages(selection: ParkedSelection, limit: number): Promise<readonly ParkedMessage[]>
  /** One with its payload; null where there is none of that id. */
  readParkedMessage(id: string): Promise<ParkedMessageContent | null>
  /** Has the keys of messages, messages without a key, or topics whose pause holds them, sent again at once. */
  retryParked(selection: ParkedSelection): Promise<RetriedParking>
  /** Deletes messages for good. They are never sent. */
  discardParked(selection: ParkedSelection): Promise<DiscardedParking>
}

/** A topic that is paused, as `status` shows it. */
export interface PausedTopic {
  readonly shard: number
  readonly topic: string
  readonly errorCode: string
  readonly error: string
  readonly attempts: number
  /** ISO 8601. */
  readonly retryAt: string
}

/** What is parked, as `status` shows it. */
export interface ParkingStatus {
  readonly keys: number
  readonly messages: number
  readonly pausedTopics: readonly PausedTopic[]
}
