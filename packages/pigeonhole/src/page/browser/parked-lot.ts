/** A parked message, by which those of its key are meant, too. */
export interface ParkedRef {
  /** Null: the outbox. */
  readonly inbox: string | null
  readonly id: string
}

/** Messages that are decided on together, the oldest first. */
export interface ParkedLot {
  readonly messages: readonly LotMessage[]
}

/** One of them, without its payload. */
export interface LotMessage {
  readonly id: string
  readonly messageId: string
  readonly topic: string
  readonly key: string
  readonly bytes: number
  readonly parkedAt: string
  readonly why: string
}
