import type { ParkedOutMessage } from '@pigeonhole/core'
import { bool, bytesOrNull, number, numberOrNull, text } from '../decode.js'
import type { Statement } from '../statement.js'
import { isOwn, ownShard } from './own.js'

/** The messages of a shard that are parked on the way out, by the order of their parking. */
export const selectParkedOut: Statement<number, ParkedOutMessage> = {
  name: 'parked_message.select_out',
  text: (schema) => `
    WITH ${ownShard(schema)}
    SELECT id::text AS parked_id, message_id AS id, topic, key, partition, payload IS NULL AS is_tombstone,
      (extract(epoch FROM created_at) * 1000)::float8 AS created_at
    FROM ${schema}.parked_message AS message
    WHERE ${isOwn('message')}
    ORDER BY message.id`,
  bind: (shard) => [shard],
  decode: (row) => ({
    parkedId: text(row, 'parked_id'),
    id: text(row, 'id'),
    topic: text(row, 'topic'),
    key: bytesOrNull(row, 'key'),
    partition: numberOrNull(row, 'partition'),
    isTombstone: bool(row, 'is_tombstone'),
    createdAt: number(row, 'created_at'),
  }),
}
