import { text, textOrNull } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** How far the server's transaction ids have come, and the highest one recorded that lies beyond. */
export interface TransactionIds {
  readonly server: string
  readonly ahead: string | null
}

/**
 * Compares every transaction id on record with the server's own. A snapshot's xmax is the id behind the last one that has
 * ended, so a recorded xmax may equal the server's, and a committed row's id must be below it. Ids only grow, also
 * through a crash (docs/decisions/002): one that lies beyond was given by another server.
 */
export const selectTransactionIds: Statement<null, TransactionIds> = {
  name: 'server.select_transaction_ids',
  text: (schema) => `
    WITH server AS MATERIALIZED (SELECT pg_snapshot_xmax(pg_current_snapshot()) AS xmax),
    recorded AS (
      SELECT pg_snapshot_xmax(cursor_from) AS xmax FROM ${schema}.relay_batch
      UNION ALL SELECT pg_snapshot_xmax(cursor_until) FROM ${schema}.relay_batch
      UNION ALL SELECT pg_snapshot_xmax(origin) FROM ${schema}.relay_shard AS shard
      WHERE NOT EXISTS (SELECT FROM ${schema}.relay_batch WHERE relay_batch.shard = shard.shard)
      UNION ALL SELECT highest_xid FROM ${schema}.relay_identity
    ), ahead AS (
      SELECT max(recorded.xmax) AS xid FROM recorded, server WHERE recorded.xmax > server.xmax
      UNION ALL
      SELECT max(xid) FROM ${schema}.outbox_message WHERE xid >= (SELECT xmax FROM server)
    )
    SELECT (SELECT xmax::text FROM server) AS server, (SELECT max(xid)::text FROM ahead) AS ahead`,
  bind: noParams,
  decode: (row) => ({ server: text(row, 'server'), ahead: textOrNull(row, 'ahead') }),
}
