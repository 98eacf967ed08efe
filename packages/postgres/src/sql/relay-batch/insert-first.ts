import { noRow, type Statement } from '../statement.js'
import type { InsertRelayBatchParams } from './insert.js'

/** Inserts a batch that has no parent, whatever its number: the one that a shard goes on from after an adoption. */
export const insertFirstRelayBatch: Statement<InsertRelayBatchParams, null> = {
  name: 'relay_batch.insert_first',
  text: (schema) => `
    INSERT INTO ${schema}.relay_batch (shard, number, token, parent, cursor_from, cursor_until, last_seq,
      revision)
    VALUES ($1::smallint, $2::bigint, $3::text, NULL, $4::pg_snapshot, $5::pg_snapshot, $6::bigint, 4)`,
  bind: ({ shard, batch: { number, token, cursor } }) => [
    shard,
    String(number),
    token,
    cursor.from,
    cursor.until,
    cursor.lastSeq,
  ],
  decode: noRow,
}
