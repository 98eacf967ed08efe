import { noRow, type Statement } from '../statement.js'
import type { HeldLease } from './renew-lease.js'

/** Takes a lease, whoever holds it. The token goes with the old holder. */
export const seizeRelayShardLease: Statement<HeldLease, null> = {
  name: 'relay_shard.seize_lease',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET lease_holder = $2::text, lease_token = NULL, renewal = renewal + 1
    WHERE shard = $1::smallint`,
  bind: ({ shard, holder }) => [shard, holder],
  decode: noRow,
}
