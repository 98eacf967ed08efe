import type { StoredHeader } from '../message/headers.js'
import type { Backoff } from '../retry/backoff.js'

/** A message that an inbox parks: all that is needed to handle it again, byte for byte. */
export interface ParkableMessage {
  readonly topic: string
  readonly partition: number | null
  readonly offset: bigint | null
  readonly key: Uint8Array | null
  /** Remembered when the message is handled, not when it is parked. */
  readonly id: { readonly scope: string; readonly id: string } | null
  readonly headers: readonly StoredHeader[]
  readonly payload: Uint8Array | null
  readonly createdAt: Date | null
}

/** Why a message is parked. It holds nothing of a message but what the handler's error says. */
export interface InboxFailure {
  readonly code: string
  readonly error: string
  readonly attempts: number
}

/** What is parked together: a key of a topic, or one message without a key. */
export interface ParkedPlace {
  readonly topic: string
  readonly key: Uint8Array | null
  /** The message's place among the parked ones; null for a key. */
  readonly id: string | null
}

/** A parked message whose turn it is. */
export interface DueMessage {
  /** Its place among the parked ones. */
  readonly place: string
  readonly message: ParkableMessage
  /** How often it has failed so far. */
  readonly attempts: number
  /** So many claims in a row have no end yet. Beyond {@link mostStarts}: it is claimed to be given to an operator. */
  readonly starts: number
  /** Whether no other of its key was parked behind it, as far as is known. */
  readonly isLast: boolean
}

/**
 * So many starts of a parked message in a row may have no end: the first beside others, which may have been to blame, and as many
 * alone as a message of a partition has.
 */
export const mostStarts = 4

/** A claim of what has killed its processes too often: to be given to an operator, and not to be handled. */
export interface KillerClaim {
  readonly killer: ParkedPlace
}

/** Which parked messages a worker takes. */
export interface ClaimTerms {
  /** Those that it has handlers for. */
  readonly topics: readonly string[]
  /** For so long nobody else takes what was claimed, at least. */
  readonly leaseMs: number
  /** For so long it rests, if it fails again. */
  readonly backoff: Backoff
  /** Whether the process handles nothing else meanwhile: only then is one taken that may kill it. */
  readonly alone: boolean
}

/**
 * What an inbox does about messages that cannot be handled. `parked_key` is the only place where a blocked key is
 * remembered. A consumer that finds a key blocked holds its row in a way that lets a worker handle messages of the key
 * meanwhile, and that only keeps the key from being unblocked.
 */
export interface InboxParking<Tx> {
  /**
   * Parks a message, and blocks its key if it has one. It is due after `retryMs`, or when an operator says so: null. Where
   * the key is blocked already the message comes last.
   */
  parkFailed(tx: Tx, inbox: string, message: ParkableMessage, how: ParkTerms): Promise<void>
  /** Parks messages in their order, behind others of their keys, which the transaction has found blocked. */
  parkBehind(tx: Tx, inbox: string, messages: readonly ParkableMessage[]): Promise<void>
  /**
   * Claims a key, or a message without one, that is due. Its attempt counts from here on, and a start, which every end that a process
   * survives takes back: what kills the process is tried again ever more rarely, and after {@link mostStarts} in a row it is claimed
   * as a killer, for the lease, with no attempt more: by `starts` beyond those who notes its failure knows that it still is one.
   * Resolves to undefined where nothing is due; to `suspect`, and claims nothing, where what is due has a start without an end, and
   * is to be handled alone.
   */
  claimDue(inbox: string, terms: ClaimTerms): Promise<ParkedPlace | KillerClaim | 'suspect' | undefined>
  /**
   * Locks what is parked at `place` until the transaction ends, and only then reads the oldest message. Resolves to
   * undefined where nothing is left.
   */
  readDue(tx: Tx, inbox: string, place: ParkedPlace): Promise<DueMessage | undefined>
  /** Removes the message that was read, which is handled in the same transaction. Its key is due at once. */
  removeDue(tx: Tx, inbox: string, due: DueMessage): Promise<void>
  /** Unblocks a key of which nothing is left, unless someone is about to park more of it. Resolves to whether it did. */
  unblockKey(inbox: string, place: ParkedPlace): Promise<boolean>
  /**
   * Notes that a claimed message has failed again; `waits`: it is not tried again until an operator says so. No start of it is left
   * without an end, but for MESSAGE_KILLS_PROCESS: then all {@link mostStarts} are.
   */
  noteFailure(
    tx: Tx,
    inbox: string,
    due: DueMessage,
    failure: InboxFailure & { readonly waits: boolean },
  ): Promise<void>
  /** A claim for whose end the message was not to blame does not count as an attempt. */
  returnClaim(inbox: string, place: ParkedPlace): Promise<void>
  /**
   * Ends the claim of a key of which nothing was found, and that stays blocked because someone is about to park more of it. It is
   * due at once, and has not been tried: what is parked now does not wait for the end of the claim.
   */
  leaveKey(inbox: string, place: ParkedPlace): Promise<void>
}

/** How a message is parked. */
export interface ParkTerms {
  readonly failure: InboxFailure
  readonly retryMs: number | null
}
