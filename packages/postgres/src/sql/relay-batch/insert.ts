import type { RelayBatch } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'

/** A batch and the shard that it belongs to. */
export interface InsertRelayBatchParams {
  readonly shard: number
  readonly batch: RelayBatch
}

/**
 * Inserts an intent if its parent is there; batch 0 has none. One row if it is inserted, none if not: another relay has
 * opened the shard and removed the parent, and whatever would follow it must not be sent.
 */
export const insertRelayBatch: Statement<InsertRelayBatchParams, null> = {
  name: 'relay_batch.insert',
  text: (schema) => `
    INSERT INTO ${schema}.relay_batch (shard, number, token, parent, cursor_from, cursor_until, last_seq,
      releases, revision)
    SELECT $1::smallint, $2::bigint, $3::text, $4::text, $5::pg_snapshot, $6::pg_snapshot, $7::bigint, $8::bigint[], 4
    WHERE $2::bigint = 0
      OR EXISTS (
        SELECT FROM ${schema}.relay_batch
        WHERE shard = $1::smallint AND number = $2::bigint - 1 AND token = $4::text
      )
    RETURNING 1 AS inserted`,
  bind: ({ shard, batch: { number, token, parent, cursor, releases = [] } }) => [
    shard,
    String(number),
    token,
    parent,
    cursor.from,
    cursor.until,
    cursor.lastSeq,
    releases,
  ],
  decode: noRow,
}
