import { noRow, type Statement } from '../statement.js'
import type { HeldLease } from './renew-lease.js'

/** Gives a held lease a new token: one row if it is held, none if not. */
export const changeRelayShardToken: Statement<HeldLease & { readonly token: string }, null> = {
  name: 'relay_shard.change_token',
  text: (schema) => `
    UPDATE ${schema}.relay_shard
    SET lease_token = $3::text
    WHERE shard = $1::smallint AND lease_holder = $2::text
    RETURNING 1 AS changed`,
  bind: ({ shard, holder, token }) => [shard, holder, token],
  decode: noRow,
}
