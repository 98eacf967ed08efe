import { number } from '../decode.js'
import type { Statement } from '../statement.js'
import { ownedByShard } from './owned.js'

/**
 * Gives every message of a shard the id of this transaction. An adoption's, and the only change that a row of the outbox
 * ever sees.
 */
export const renumberMessages: Statement<number, number> = {
  name: 'outbox_message.renumber',
  text: (schema) => `
    WITH renumbered AS (
      UPDATE ${schema}.outbox_message
      SET xid = pg_current_xact_id()
      WHERE ${ownedByShard(schema, '$1')}
      RETURNING 1
    )
    SELECT count(*)::int AS renumbered FROM renumbered`,
  bind: (shard) => [shard],
  decode: (row) => number(row, 'renumbered'),
}
