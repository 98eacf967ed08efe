/**
 * Asks whether a row that is not visible in the snapshot $1 meets a condition.
 *
 * The rows are taken from the index on xid, newest first, because the order leaves the planner nothing else: for a plain
 * EXISTS it may read the whole table in the hope of an early hit.
 */
export function existsBeyondSnapshot1(schema: string, condition: string): string {
  return `
    SELECT EXISTS (
      SELECT FROM (
        SELECT seq, xid, bucket FROM ${schema}.outbox_message
        WHERE xid >= pg_snapshot_xmax($1::pg_snapshot)
        ORDER BY xid DESC
      ) AS newer
      WHERE ${condition}
    ) OR EXISTS (
      SELECT FROM (
        SELECT seq, xid, bucket FROM ${schema}.outbox_message
        WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))
        ORDER BY xid DESC
      ) AS running
      WHERE ${condition}
    ) AS found`
}
