import { bytesOrNull, text } from '../decode.js'
import { isOutgoing } from '../parked-message/own.js'
import type { Statement } from '../statement.js'

/** A blocked key, or a paused topic. */
export interface Held {
  readonly topic: string
  /** Null: the topic is paused. */
  readonly key: Uint8Array | null
}

/** Whose holds are listed, and how many at most. */
export interface SelectHeldParams {
  readonly shard: number
  readonly limit: number
}

/** The blocked keys of the outbox and the topics that a shard has paused, up to a limit. */
export const selectHeld: Statement<SelectHeldParams, Held> = {
  name: 'parked_key.select_held',
  text: (schema) => `
    SELECT topic, NULL::bytea AS key FROM ${schema}.paused_topic WHERE shard = $1::smallint
    UNION ALL
    SELECT topic, key FROM ${schema}.parked_key AS blocked WHERE ${isOutgoing('blocked')}
    LIMIT $2::int`,
  bind: ({ shard, limit }) => [shard, limit],
  decode: (row) => ({ topic: text(row, 'topic'), key: bytesOrNull(row, 'key') }),
}
