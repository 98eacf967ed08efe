import { noRow, type Statement } from '../statement.js'

/** A shard and who holds, or believes to hold, its lease. */
export interface HeldLease {
  readonly shard: number
  readonly holder: string
}

/** Counts the renewal of a held lease up: one row if it is held, none if not. */
export const renewRelayShardLease: Statement<HeldLease, null> = {
  name: 'relay_shard.renew_lease',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET renewal = renewal + 1
    WHERE shard = $1::smallint AND lease_holder = $2::text
    RETURNING 1 AS renewed`,
  bind: ({ shard, holder }) => [shard, holder],
  decode: noRow,
}
