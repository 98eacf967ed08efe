import type { RelayIdentity } from '@pigeonhole/core'
import { noRow, type Statement } from '../statement.js'

/** Records who the relay of this schema is, and how far the server's transaction ids had come by then. */
export const upsertRelayIdentity: Statement<RelayIdentity, null> = {
  name: 'relay_identity.upsert',
  text: (schema) => `
    INSERT INTO ${schema}.relay_identity (relay, cluster_id, system_identifier, highest_xid)
    VALUES ($1, $2, $3, pg_snapshot_xmax(pg_current_snapshot()))
    ON CONFLICT (singleton) DO UPDATE SET
      relay = excluded.relay,
      cluster_id = excluded.cluster_id,
      system_identifier = excluded.system_identifier,
      highest_xid = excluded.highest_xid`,
  bind: ({ relay, clusterId, systemIdentifier }) => [relay, clusterId, systemIdentifier],
  decode: noRow,
}
