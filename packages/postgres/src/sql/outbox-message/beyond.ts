/**
 * The condition that a row's transaction is not visible in the snapshot $1: it ran at the snapshot, or began after it.
 * The same as `NOT pg_visible_in_snapshot(xid, $1)`, in a form that the index on xid serves.
 */
export const beyondSnapshot1: string = `(
      xid >= pg_snapshot_xmax($1::pg_snapshot)
      OR xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))
    )`
