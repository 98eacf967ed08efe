import type { NextPosition } from './inbox-store.js'

/** Where an inbox goes on, with the inbox's name. */
export interface InboxPosition extends NextPosition {
  readonly inbox: string
}

/** A position that is to go back. */
export interface PositionRewind {
  readonly inbox: string
  readonly topic: string
  readonly partition: number
  /** Where it stands. */
  readonly from: bigint
  /** Where it is to stand. */
  readonly to: bigint
}

/** The part of a store that operators need of an inbox. No handler does. */
export interface InboxPositionsStore {
  /** Every position, by inbox, topic and partition. */
  listPositions(): Promise<readonly InboxPosition[]>
  /**
   * Resolves to false, and changes nothing, where the position does not stand at `from`. Ids of the inbox are kept, however old,
   * until it stands there again.
   */
  rewindPosition(rewind: PositionRewind): Promise<boolean>
  /** Up to when an inbox has forgotten ids for their age, by when it had received them; null where it has forgotten none. */
  forgottenUntil(inbox: string): Promise<Date | null>
  /** Has an inbox forget messages, so that they take effect again. Resolves to how many it knew. */
  forgetMessages(
    inbox: string,
    ids: readonly { readonly scope: string; readonly id: string }[],
  ): Promise<number>
}
