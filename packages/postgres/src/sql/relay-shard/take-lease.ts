import type { Lease } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'

/** Who takes which lease, as they saw it. */
export interface TakeLeaseParams {
  readonly shard: number
  readonly holder: string
  readonly observed: Lease
}

/**
 * Takes a lease that is still as it was observed: one row if it is taken, none if not. The token goes with the old
 * holder, so that nothing guarded by it is written from now on.
 */
export const takeRelayShardLease: Statement<TakeLeaseParams, null> = {
  name: 'relay_shard.take_lease',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET lease_holder = $2, lease_token = NULL, renewal = renewal + 1
    WHERE shard = $1::smallint
      AND lease_holder IS NOT DISTINCT FROM $3::text
      AND lease_token IS NOT DISTINCT FROM $4::text
      AND renewal = $5::bigint
    RETURNING 1 AS taken`,
  bind: ({ shard, holder, observed }) => [
    shard,
    holder,
    observed.holder,
    observed.token,
    String(observed.renewal),
  ],
  decode: noRow,
}
