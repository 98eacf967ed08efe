import type { BucketRange } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'

/**
 * Makes the shards of an outbox that has none. Of several callers the one whose shard 0 comes first makes all of its own:
 * the others wait for its end at that row, find it there and insert nothing.
 */
export const insertRelayShards: Statement<readonly BucketRange[], null> = {
  name: 'relay_shard.insert',
  text: (schema) => `
    WITH shard0 AS (
      INSERT INTO ${schema}.relay_shard (shard, first_bucket, last_bucket)
      VALUES (0, ($1::smallint[])[1], ($2::smallint[])[1])
      ON CONFLICT (shard) DO NOTHING
      RETURNING shard
    )
    INSERT INTO ${schema}.relay_shard (shard, first_bucket, last_bucket)
    SELECT number - 1, first, last
    FROM unnest($1::smallint[], $2::smallint[]) WITH ORDINALITY AS buckets (first, last, number)
    WHERE number > 1 AND EXISTS (SELECT FROM shard0)`,
  bind: (ranges) => [ranges.map(({ first }) => first), ranges.map(({ last }) => last)],
  decode: noRow,
}
