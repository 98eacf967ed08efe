/** A message that must be in the log, once: its transaction is committed. */
export interface CommittedMessage {
  /** Tells it from every other message of its topic. */
  readonly id: string
  readonly topic: string
  /** `null`: no key, and no order among the others of its kind. */
  readonly key: string | null
  /** Grows with the order in which the transactions of one topic and key took place. Gaps are fine. */
  readonly order: number | bigint
  /** What it says, or a digest of it. Compared where both sides have it. */
  readonly content?: string
}

/** A message that a `read_committed` consumer finds in the log. */
export interface LoggedMessage {
  readonly id: string
  readonly topic: string
  readonly key: string | null
  readonly partition: number
  readonly offset: bigint
  /** What it says, or a digest of it. Compared where both sides have it. */
  readonly content?: string
}

/** What a handled message has left behind. */
export interface Effect {
  /** The id of the message that it comes from. */
  readonly id: string
  readonly key: string | null
  /** Grows with the order in which effects took place. Gaps are fine. */
  readonly order: number | bigint
}
