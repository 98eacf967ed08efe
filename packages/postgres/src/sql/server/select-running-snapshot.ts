import { text } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

/**
 * The current snapshot, in which the transaction itself is one that runs. PostgreSQL leaves a transaction's own id out of those
 * that run (GetSnapshotData in procarray.c): where a later one has ended, it would count as one that has ended, too.
 */
export const selectRunningSnapshot: Statement<null, string> = {
  name: 'server.select_running_snapshot',
  text: () => `
    SELECT CASE WHEN own < pg_snapshot_xmax(taken)
        THEN format('%s:%s:%s', least(pg_snapshot_xmin(taken), own), pg_snapshot_xmax(taken), (
          SELECT string_agg(running.xid::text, ',' ORDER BY running.xid)
          FROM (SELECT pg_snapshot_xip(taken) UNION SELECT own) AS running (xid)))
        ELSE taken::text END AS snapshot
    FROM (SELECT pg_current_snapshot() AS taken, pg_current_xact_id_if_assigned() AS own) AS looked`,
  bind: noParams,
  decode: (row) => text(row, 'snapshot'),
}
