import type { PositionRange } from '@pigeonhole/core'
import { textOrNull } from '../decode.js'
import type { Statement } from '../statement.js'

/** A message's id, within its scope. */
export interface InboxMessageId {
  readonly scope: string
  readonly id: string
}

/** Which messages an inbox receives. */
export interface ReceiveParams {
  readonly inbox: string
  /** Where they lie in their partition's log; undefined where they come from none. */
  readonly range: PositionRange | undefined
  readonly ids: readonly InboxMessageId[]
}

/** A row for the position that has moved, without an id, and one for each id that is new. */
export interface ReceivedRow {
  readonly scope: string | null
  readonly id: string | null
}

/**
 * Moves an inbox's position past the last offset of a range, if it is not beyond the first, and only then remembers the
 * messages' ids.
 *
 * The position's row stays locked until the transaction ends, also where it does not move: ON CONFLICT locks the row before
 * it looks at the condition, so that two owners of a partition take turns, and the second sees what the first has
 * committed. An insert of the same id by a transaction that still runs is waited for; all take ids in one order, so that two
 * groups do not wait for each other. Neither goes by the statement's snapshot: the unique indexes know what was committed
 * since.
 *
 * One statement instead of two: 0.1 ms of 0.75 for one message (PostgreSQL 18, node-postgres).
 */
export const receiveInboxMessages: Statement<ReceiveParams, ReceivedRow> = {
  name: 'inbox_message.receive',
  text: (schema) => `
    WITH moved AS (
      INSERT INTO ${schema}.inbox_position AS held (inbox, topic, partition, next_offset)
      SELECT $1::text, $2::text, $3::int, $5::bigint + 1 WHERE $2::text IS NOT NULL
      ON CONFLICT (inbox, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
      WHERE held.next_offset <= $4::bigint
      RETURNING 1 AS moved
    ), remembered AS (
      INSERT INTO ${schema}.inbox_message (inbox, scope, message_id)
      SELECT $1::text, scope, message_id
      FROM unnest($6::text[], $7::text[]) AS message (scope, message_id)
      WHERE $2::text IS NULL OR EXISTS (SELECT FROM moved)
      ORDER BY scope, message_id
      ON CONFLICT (inbox, scope, message_id) DO NOTHING
      RETURNING scope, message_id
    )
    SELECT NULL::text AS scope, NULL::text AS message_id FROM moved
    UNION ALL SELECT scope, message_id FROM remembered`,
  bind: ({ inbox, range, ids }) => [
    inbox,
    range?.topic ?? null,
    range?.partition ?? null,
    range ? String(range.first) : null,
    range ? String(range.last) : null,
    ids.map(({ scope }) => scope),
    ids.map(({ id }) => id),
  ],
  decode: (row) => ({ scope: textOrNull(row, 'scope'), id: textOrNull(row, 'message_id') }),
}
