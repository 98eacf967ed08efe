import type { Position } from '../inbox/deduplication.js'

/** What is known of the message at which a partition is begun. */
export interface ClaimCount {
  /** How often a consumer has begun to handle the partition there, this time included. */
  readonly claims: number
  /** How many starts of the message have had no end. */
  readonly starts: number
}

/**
 * How an inbox finds the message that kills its process: nothing else is left of such an attempt but that it has begun. All of
 * it is about the offset where a partition goes on; what was noted of another one is forgotten. Each call commits by itself.
 */
export interface InboxClaims {
  /** A consumer is about to handle its first message of the partition, which is the one at `position`. */
  claim(inbox: string, position: Position): Promise<ClaimCount>
  /** Resolves when nobody holds the position, and holds it no longer itself. */
  wait(inbox: string, position: Position): Promise<void>
  /**
   * The handler of the message at `position` is about to run. Waits a moment for whoever holds the position: one that has only
   * waited was never started. Resolves to how many starts of it have had no end, this one included; to undefined, and notes nothing,
   * where the position is beyond it.
   */
  start(inbox: string, position: Position): Promise<number | undefined>
  /** A start of the message at `position` has ended in some way that a process survives. */
  end(inbox: string, position: Position): Promise<void>
  /** The message at `position` is done, or parked: what was noted of it is forgotten, in case that it comes again. */
  finish(inbox: string, position: Position): Promise<void>
}
