import type { ErrorCode } from '../../errors/error-codes.js'
import type { Checkpoint } from '../../ports/relay-publisher.js'
import type { RelayIdentity } from '../../ports/relay-store.js'

/** Why a relay halts at a shard. */
export interface Divergence {
  readonly code: ErrorCode
  readonly message: string
}

/** What becomes of the messages that are still in the outbox. All are counts. */
export interface OutboxFate {
  /** They are in the log: deleted from the outbox. */
  readonly logged: number
  /** The log shows that they were never sent to it: sent. */
  readonly absent: number
  /** The log cannot tell, and the recorded cursor covers them: taken for sent, and deleted. */
  readonly coveredByCursor: number
  /** The log cannot tell, and the recorded cursor does not cover them: sent. */
  readonly beyondCursor: number
  /** The compacted log has a later message of their key: they were sent before it, and are deleted from the outbox. */
  readonly superseded: number
  /**
   * The compacted log has a record of their key that may have taken their place, and the recorded cursor does not cover them.
   * Whether they are sent or deleted is for an operator to say.
   */
  readonly undecided: number
  /** Parked messages that are in the log: deleted from the parked ones. */
  readonly parkedLogged: number
}

/** Both sides of a shard. */
export interface AdoptionShard {
  readonly shard: number
  /** Null where both sides agree. */
  readonly divergence: Divergence | null
  /** What PostgreSQL knows that Kafka has acknowledged. */
  readonly confirmed: number
  /** The numbers of the batches that PostgreSQL remembers, in order. */
  readonly batches: readonly number[]
  /** Kafka's last checkpoint; null where it has none. */
  readonly checkpoint: Checkpoint | null
  /** The highest recorded transaction id, when this server has not reached it. */
  readonly xidAhead: string | null
  readonly serverXid: string
  /** Null with `keepCursor`, and where both sides agree. */
  readonly outbox: OutboxFate | null
}

/** Both sides, as an adoption finds them before it changes anything. */
export interface AdoptionReport {
  /** Who the outbox was relayed as; null when no relay has opened it yet. */
  readonly recorded: RelayIdentity | null
  /** Who it is relayed as from now on. */
  readonly found: RelayIdentity
  readonly keepCursor: boolean
  readonly shards: readonly AdoptionShard[]
}
