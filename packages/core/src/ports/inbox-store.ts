import type { InboxClaims } from './inbox-claims.js'
import type { InboxParking } from './inbox-parking.js'
import type { InboxRetention } from './inbox-retention.js'
import type { TransactionStore } from './transaction-store.js'

/** Places of one partition that follow one another in its log, for one inbox: `first` and `last` are both in it. */
export interface PositionRange {
  readonly topic: string
  readonly partition: number
  readonly first: bigint
  readonly last: bigint
}

/** What an inbox takes down of the messages that it is about to handle. */
export interface ReceivedMessages {
  readonly topic: string
  /** Undefined where they come from no log, or where no position is kept. */
  readonly range: PositionRange | undefined
  readonly messages: readonly ReceivedMessage[]
}

/** What tells a message from others. */
export interface ReceivedMessage {
  /** Null where it has none, or where no ids are kept. */
  readonly id: { readonly scope: string; readonly id: string } | null
  readonly key: Uint8Array | null
}

/**
 * What a message is to an inbox: new, known by its id, or one whose key is blocked, with how many messages are parked of it,
 * counted from the oldest to the newest.
 */
export type Verdict = 'new' | 'known' | BlockedKey

/** A key of which messages are parked. */
export interface BlockedKey {
  readonly parked: number
}

/** Where an inbox goes on in a partition. */
export interface NextPosition {
  readonly topic: string
  readonly partition: number
  /** The offset of the next message to be handled. */
  readonly nextOffset: bigint
}

/** The topic that an inbox's positions are offsets of. */
export interface BoundTopic {
  readonly topicId: string
  /** Whether it has taken the place of another one: where there is no position it is read from the start of its log. */
  readonly fromStart: boolean
}

/** The part of a store that an inbox needs. `Tx` is the type of an open transaction of the user's own client. */
export interface InboxStore<Tx> extends TransactionStore<Tx> {
  /**
   * Moves the inbox's position past the range, finds out which keys are blocked, and remembers the ids of the messages whose
   * keys are not.
   * Resolves to a verdict for each message, in their order: a message is known when the inbox has its id already, also where
   * its key is blocked, or it comes earlier among them. Resolves to undefined, and changes nothing, when the position is already beyond the first
   * place of the range.
   * Either way it holds the position's row until the transaction ends, before it looks at any id, so that two owners of a
   * partition take turns. It holds a blocked key as well: it stays blocked until the transaction ends.
   */
  receiveMessages(tx: Tx, inbox: string, received: ReceivedMessages): Promise<Verdict[] | undefined>
  /** How messages are found that kill the process. */
  readonly claims: InboxClaims
  /** What is done about messages that cannot be handled. */
  readonly parking: InboxParking<Tx>
  /** How ids are forgotten. */
  readonly retention: InboxRetention
  /**
   * Asked once, when the work is done: nothing else may be run in the transaction from then on, and what is under way of it
   * is waited for. Resolves to true when the transaction can still commit, to false when PostgreSQL has given it up after an error
   * that was swallowed (SQLSTATE 25P02).
   */
  isUsable(tx: Tx): Promise<boolean>
  /** Where the inbox goes on in each of `partitions`; those without a position are absent. */
  readPositions(
    inbox: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<NextPosition[]>
  /**
   * Remembers that the inbox's positions in `topic` are offsets of the topic with this id, unless they are known to be those
   * of another one. Resolves to what is remembered. Where the inbox has no position in the topic, that is the given one.
   */
  bindTopic(inbox: string, topic: string, topicId: string): Promise<BoundTopic>
}
