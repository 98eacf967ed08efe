import type { Lease } from '@pigeonhole/core'
import { counter, textOrNull } from '../decode.js'
import type { Statement } from '../statement.js'

/** The lease of a shard. */
export const selectRelayShard: Statement<number, Lease> = {
  name: 'relay_shard.select',
  text: (schema) => `
    SELECT lease_holder, lease_token, renewal::text AS renewal, confirmed::text AS confirmed
    FROM ${schema}.relay_shard
    WHERE shard = $1::smallint`,
  bind: (shard) => [shard],
  decode: (row) => ({
    holder: textOrNull(row, 'lease_holder'),
    token: textOrNull(row, 'lease_token'),
    renewal: counter(row, 'renewal'),
    confirmed: counter(row, 'confirmed'),
  }),
}
