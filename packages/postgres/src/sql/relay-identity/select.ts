import type { RelayIdentity } from '@pigeonhole/core'
import { text } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/** Who the relay of this schema is; no row before genesis. */
export const selectRelayIdentity: Statement<null, RelayIdentity> = {
  name: 'relay_identity.select',
  text: (schema) => `SELECT relay, cluster_id, system_identifier FROM ${schema}.relay_identity`,
  bind: noParams,
  decode: (row) => ({
    relay: text(row, 'relay'),
    clusterId: text(row, 'cluster_id'),
    systemIdentifier: text(row, 'system_identifier'),
  }),
}
