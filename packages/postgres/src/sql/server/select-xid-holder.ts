import type { XidHolder } from '@pigeonhole/core'
import { number, numberOrNull, text, textOrNull } from '../decode.js'
import { noParams, type Statement } from '../statement.js'

const iso = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/**
 * Who needs the oldest transaction id that keeps this database from cleaning its tables: sessions and prepared transactions
 * of this database, and slots, whose standbys read any. Sessions of other databases keep theirs. Vacuums leave each other
 * be. A role without pg_read_all_stats sees no ids of other roles' sessions.
 */
export const selectXidHolder: Statement<null, XidHolder> = {
  name: 'server.select_xid_holder',
  text: () => `
    WITH sessions AS (
      SELECT pid, application_name, state, xact_start, query_start,
        CASE WHEN coalesce(age(backend_xid), -1) >= coalesce(age(backend_xmin), -1)
          THEN backend_xid ELSE backend_xmin END AS xid
      FROM pg_stat_activity
      WHERE pid <> pg_backend_pid()
        AND (datname = current_database() OR datid IS NULL)
        AND backend_type <> 'autovacuum worker'
    ), holders AS (
      SELECT 'session' AS kind, pid, coalesce(application_name, '') AS name, state, xid,
        xact_start AS started_at, query_start AS query_at
      FROM sessions
      UNION ALL
      SELECT 'prepared', NULL, gid, NULL, transaction, prepared, NULL
      FROM pg_prepared_xacts WHERE database = current_database()
      UNION ALL
      SELECT 'slot', active_pid, slot_name::text, CASE WHEN active THEN 'active' ELSE 'inactive' END, xmin, NULL, NULL
      FROM pg_replication_slots
    )
    SELECT kind, pid::int AS pid, name, state, xid::text AS xid, age(xid)::int AS xids,
      ${iso('started_at')} AS started_at, ${iso('query_at')} AS query_at,
      extract(epoch FROM clock_timestamp() - started_at)::float8 AS age_seconds
    FROM holders
    WHERE xid IS NOT NULL
    ORDER BY age(xid) DESC, started_at
    LIMIT 1`,
  bind: noParams,
  decode: (row) => ({
    kind: text(row, 'kind') as XidHolder['kind'],
    pid: numberOrNull(row, 'pid'),
    name: text(row, 'name'),
    state: textOrNull(row, 'state'),
    xid: text(row, 'xid'),
    xids: number(row, 'xids'),
    startedAt: textOrNull(row, 'started_at'),
    queryStartedAt: textOrNull(row, 'query_at'),
    ageSeconds: numberOrNull(row, 'age_seconds'),
  }),
}
