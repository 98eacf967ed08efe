// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const sql = 'packages/postgres/src/sql'
const bounds = {
  file: `${sql}/outbox-message/measure-uncovered.ts`,
  spec: 'packages/postgres/src/monitor/read-measures.int.spec.ts',
  test: 'look at no more rows than their bound',
}
const counts = {
  file: `${sql}/outbox-message/measure-uncovered.ts`,
  spec: 'test/postgres/postgres-store.int.spec.ts',
  test: 'counts what no confirmed batch covers',
}
const holder = {
  file: `${sql}/server/select-xid-holder.ts`,
  spec: 'packages/postgres/src/monitor/xid-holder.int.spec.ts',
}
const monitor = { spec: 'packages/core/src/monitor/monitor.unit.spec.ts' }

/** What a monitor sees, and what looking costs. @type {readonly GuardEntry[]} */
export const monitorGuards = [
  {
    ...bounds,
    name: 'a measurement looks at a bounded part of a capture under way',
    find: '      ORDER BY seq LIMIT $6::int)',
    replace: '      ORDER BY seq)',
  },
  {
    ...bounds,
    name: 'a measurement looks at a bounded part of what came later',
    find: '      ORDER BY xid LIMIT $6::int)',
    replace: '      ORDER BY xid)',
  },
  {
    ...bounds,
    name: 'a measurement looks at a bounded part of what ran',
    find: '      LIMIT $6::int)\n    ), pending',
    replace: '      )\n    ), pending',
  },
  {
    ...bounds,
    name: 'a measurement that was bounded says so',
    find: 'HAVING count(*) >= $6::int',
    replace: 'HAVING count(*) > $6::int',
  },
  {
    ...counts,
    name: 'what waits is counted behind what the capture under way has read',
    find: ' AND seq > $3::bigint',
    replace: ' AND $3::bigint IS NOT NULL',
  },
  {
    ...counts,
    name: 'what came after a capture under way is counted once',
    find: ' AND pg_visible_in_snapshot(xid, $2::pg_snapshot) AS unread',
    replace: ' AS unread',
  },
  {
    ...counts,
    name: 'what ran when a capture began is counted',
    find: 'xid = ANY (ARRAY(SELECT pg_snapshot_xip(${covered})))',
    replace: 'xid = ANY (ARRAY(SELECT pg_snapshot_xip(${covered}))) AND false',
  },
  {
    ...counts,
    name: 'each shard counts its own buckets',
    find: "unread AND ${ownedBetween('$4', '$5')}",
    replace: "unread AND (${ownedBetween('$4', '$5')} OR true)",
    test: 'counts each shard by its own buckets',
  },
  {
    ...holder,
    name: 'sessions of other databases hold nothing back here',
    find: '(datname = current_database() OR datid IS NULL)',
    replace: 'true',
    test: 'is no session of another database',
  },
  {
    ...holder,
    name: 'the holder is the one with the oldest id',
    find: 'ORDER BY age(xid) DESC, started_at',
    replace: 'ORDER BY age(xid), started_at',
    test: 'is the session whose transaction has been open the longest',
  },
  {
    ...holder,
    name: 'a snapshot holds an id, too',
    find: 'THEN backend_xid ELSE backend_xmin END AS xid',
    replace: 'THEN backend_xid END AS xid',
    test: 'is a session that has written nothing and keeps its snapshot',
  },
  {
    ...monitor,
    file: 'packages/core/src/monitor/long-holders.ts',
    name: 'only a holder that has been one for long is told of',
    find: 'found !== null && this.#ageMs(found) >= this.#longMs',
    replace: 'found !== null && this.#ageMs(found) >= 0',
    test: 'tells of a holder once it has been one for long',
  },
  {
    ...monitor,
    file: 'packages/core/src/monitor/long-holders.ts',
    name: 'a slot that moves on is no long holder',
    find: 'JSON.stringify([kind, pid, name, xid])',
    replace: 'JSON.stringify([kind, pid, name, xid === null])',
    test: 'knows the age of a slot by how long it has kept the same id',
  },
  {
    ...monitor,
    file: 'packages/core/src/monitor/monitor.ts',
    name: 'a monitor that is stopped tells nothing more',
    find: '      if (this.#ending.signal.aborted) return\n',
    replace: '',
    test: 'does not wait for a look that hangs',
  },
  {
    file: 'packages/pigeonhole/src/command/with-pool.ts',
    spec: 'packages/pigeonhole/src/command/with-pool.int.spec.ts',
    name: 'a connection that is never made gives its place in the pool back',
    find: 'connectionTimeoutMillis: connectMs, ',
    replace: '',
    test: 'gives up a connection that is never made, and its place in the pool',
  },
  {
    file: 'packages/pigeonhole/src/command/with-pool.ts',
    spec: 'packages/pigeonhole/src/command/with-pool.int.spec.ts',
    name: 'connections that have gone silent do not keep a process running',
    find: '    for (const client of clients) (client as unknown as UnrefableClient).unref()\n',
    replace: '    void ({} as UnrefableClient)\n',
    test: 'lets a process end whose connections have gone silent',
  },
  {
    file: 'packages/pigeonhole/src/commands/status.ts',
    spec: 'packages/pigeonhole/src/commands/status.int.spec.ts',
    name: 'the exit code of a status tells that a message waits for long',
    find: '  if (found.faults.length > 0) throw',
    replace: '  if (found.faults.length > 3) throw',
    test: 'ends with 4 where a message waits for long',
  },
]
