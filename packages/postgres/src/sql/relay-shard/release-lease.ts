import { noRow, type Statement } from '../statement.js'
import type { HeldLease } from './renew-lease.js'

/** Gives a held lease up, and its token with it. */
export const releaseRelayShardLease: Statement<HeldLease, null> = {
  name: 'relay_shard.release_lease',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET lease_holder = NULL, lease_token = NULL, renewal = renewal + 1
    WHERE shard = $1::smallint AND lease_holder = $2::text`,
  bind: ({ shard, holder }) => [shard, holder],
  decode: noRow,
}
