import type { UnsettledMessage, UnsettledRequest } from '@pigeonhole/core'
import { bool, bytesOrNull, number, numberOrNull, text } from '../decode.js'
import type { Statement } from '../statement.js'
import { ownedByShard } from './owned.js'

/** Which messages of which shard. */
export interface SelectUnsettledParams extends UnsettledRequest {
  readonly shard: number
}

/**
 * Messages of a shard by seq, each with what a recorded cursor says of it. Whether this server has numbered a row itself
 * shows in the row's xmin: a copied row was written by the transaction of the copy, which is not its xid.
 */
export const selectUnsettledMessages: Statement<SelectUnsettledParams, UnsettledMessage> = {
  name: 'outbox_message.select_unsettled',
  text: (schema) => `
    SELECT seq::text AS seq_text, id::text AS id, topic, key, partition, payload IS NULL AS is_tombstone,
      (extract(epoch FROM created_at) * 1000)::float8 AS created_at,
      (
        pg_visible_in_snapshot(xid, $2::pg_snapshot)
        OR ($3::pg_snapshot IS NOT NULL AND seq <= $4::bigint AND pg_visible_in_snapshot(xid, $3::pg_snapshot))
      ) AND NOT (
        $5::bool AND message.xmin::text::numeric = mod(xid::text::numeric, 4294967296)
      ) AS covered
    FROM ${schema}.outbox_message AS message
    WHERE seq > $6::bigint AND ${ownedByShard(schema, '$1')}
    ORDER BY seq
    LIMIT $7::int`,
  bind: ({ shard, cursor: { from, until, lastSeq }, copied, after, limit }) => [
    shard,
    from,
    until,
    lastSeq,
    copied,
    after,
    limit,
  ],
  decode: (row) => ({
    seq: text(row, 'seq_text'),
    id: text(row, 'id'),
    topic: text(row, 'topic'),
    key: bytesOrNull(row, 'key'),
    partition: numberOrNull(row, 'partition'),
    isTombstone: bool(row, 'is_tombstone'),
    createdAt: number(row, 'created_at'),
    covered: bool(row, 'covered'),
  }),
}
