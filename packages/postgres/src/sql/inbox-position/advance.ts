import type { Position } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'

/** An inbox and the place in the log that it handles. */
export interface AdvanceParams {
  readonly inbox: string
  readonly position: Position
}

/**
 * Moves an inbox's position past an offset: one row if it moves, none if it is beyond it already. Either way the row
 * stays locked until the transaction ends: ON CONFLICT locks the row before it looks at the condition, so that two
 * owners of a partition take turns, and the second sees what the first has committed.
 */
export const advanceInboxPosition: Statement<AdvanceParams, null> = {
  name: 'inbox_position.advance',
  text: (schema) => `
    INSERT INTO ${schema}.inbox_position AS held (inbox, topic, partition, next_offset)
    VALUES ($1::text, $2::text, $3::int, $4::bigint + 1)
    ON CONFLICT (inbox, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
    WHERE held.next_offset <= $4::bigint
    RETURNING 1 AS moved`,
  bind: ({ inbox, position: { topic, partition, offset } }) => [inbox, topic, partition, String(offset)],
  decode: noRow,
}
