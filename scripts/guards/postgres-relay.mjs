// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const sql = 'packages/postgres/src/sql'
const suite = { spec: 'test/postgres/postgres-store.int.spec.ts' }
const guard = { ...suite, file: `${sql}/relay-shard/confirm.ts` }
const relayStore = { ...suite, file: 'packages/postgres/src/pg/pg-relay-store.ts' }
const takeLease = { ...suite, file: `${sql}/relay-shard/take-lease.ts` }
const releaseLease = { ...suite, file: `${sql}/relay-shard/release-lease.ts` }
const insertBatch = { ...suite, file: `${sql}/relay-batch/insert.ts` }
const deleteOthers = { ...suite, file: `${sql}/relay-batch/delete-others.ts` }
const ids = {
  file: `${sql}/server/select-transaction-ids.ts`,
  spec: `${sql}/server/select-transaction-ids.int.spec.ts`,
}

/** Guard, lease, batches, and what an opening compares. @type {readonly GuardEntry[]} */
export const postgresRelayGuards = [
  {
    ...guard,
    name: 'the guard asks for the lease’s token',
    find: ' AND lease_token = $2::text',
    replace: ' AND $2::text IS NOT NULL',
    test: "lets nobody in whose token is not the lease's",
  },
  {
    ...guard,
    name: 'the guard asks for its shard',
    find: 'WHERE shard = $1::smallint AND ',
    replace: 'WHERE $1::smallint IS NOT NULL AND ',
    test: "lets nobody in whose token is not the lease's",
  },
  {
    ...guard,
    name: 'the guard never lowers what is confirmed',
    find: 'greatest(confirmed, $3::bigint)',
    replace: '$3::bigint',
    test: 'raises what is confirmed and never lowers it',
  },
  {
    ...suite,
    file: `${sql}/relay-shard/raise-confirmed.ts`,
    name: 'what an opening confirms is never lowered',
    find: 'greatest(confirmed, $2::bigint)',
    replace: '$2::bigint',
    test: 'raises what is confirmed in the middle of its work, too, and never lowers it',
  },
  {
    ...suite,
    file: `${sql}/relay-shard/raise-confirmed.ts`,
    name: 'what an opening confirms is its own shard’s',
    find: 'WHERE shard = $1::smallint',
    replace: 'WHERE $1::smallint IS NOT NULL',
    test: 'raises what is confirmed in the middle of its work, too, and never lowers it',
  },
  {
    ...relayStore,
    name: 'no row: LEASE_LOST',
    find: '    if (!held) throw leaseLost(guard.shard)\n    return work(new SqlGuardedTransaction(session, { shard: guard.shard, ...held }))',
    replace:
      '    void leaseLost\n    return work(new SqlGuardedTransaction(session, { shard: guard.shard, buckets: null, ...held }))',
    test: 'lets nobody in from the moment in which another process takes the lease',
  },
  {
    ...relayStore,
    name: 'the guard and what it lets in are one transaction',
    find: 'return work(new SqlGuardedTransaction(session, { shard: guard.shard, ...held }))',
    replace:
      'return sessions.read((other) => work(new SqlGuardedTransaction(other, { shard: guard.shard, ...held })))',
    test: 'takes everything back when the work rejects, and passes the error as it is',
  },
  {
    ...takeLease,
    name: 'a lease is taken from the holder that was seen',
    find: '      AND lease_holder IS NOT DISTINCT FROM $3::text\n',
    replace: '      AND ($3::text IS NULL OR true)\n',
    test: 'is not taken by who saw another holder',
  },
  {
    ...takeLease,
    name: 'a lease is taken with the token that was seen',
    find: '      AND lease_token IS NOT DISTINCT FROM $4::text\n',
    replace: '      AND ($4::text IS NULL OR true)\n',
    test: 'is not taken by who saw another token',
  },
  {
    ...takeLease,
    name: 'a lease that was renewed meanwhile is not taken',
    find: '      AND renewal = $5::bigint\n',
    replace: '      AND $5::bigint IS NOT NULL\n',
    test: 'is not taken by who has not seen its last renewal',
  },
  {
    ...takeLease,
    name: 'a lease changes hands without its token',
    find: 'lease_token = NULL, ',
    replace: '',
    test: 'lets nobody in from the moment in which another process takes the lease',
  },
  {
    ...suite,
    file: `${sql}/relay-shard/renew-lease.ts`,
    name: 'only the holder renews',
    find: ' AND lease_holder = $2::text',
    replace: ' AND $2::text IS NOT NULL',
    test: 'is renewed by its holder only, and counts that',
  },
  {
    ...suite,
    file: `${sql}/relay-shard/change-token.ts`,
    name: 'only the holder changes the token',
    find: ' AND lease_holder = $2::text',
    replace: ' AND $2::text IS NOT NULL',
    test: 'has a new token whenever its holder asks, and nobody else',
  },
  {
    ...releaseLease,
    name: 'only the holder gives the lease up',
    find: ' AND lease_holder = $2::text',
    replace: ' AND $2::text IS NOT NULL',
    test: 'is free once its holder gives it up, and not before',
  },
  {
    ...releaseLease,
    name: 'a lease is given up with its token',
    find: 'lease_token = NULL, ',
    replace: '',
    test: 'lets nobody in after the token has changed, and not after the lease is given up',
  },
  {
    ...insertBatch,
    name: 'an intent is written behind its parent only',
    find: '      OR EXISTS (',
    replace: '      OR true OR EXISTS (',
    test: 'is not written where its parent is missing',
  },
  {
    ...insertBatch,
    name: 'a parent is known by its token',
    find: ' AND token = $4::text\n',
    replace: '\n',
    test: 'is not written where its parent has another token',
  },
  {
    ...insertBatch,
    name: 'a parent is known by its number',
    find: ' AND number = $2::bigint - 1 AND',
    replace: ' AND',
    test: 'is not written where its parent has its own number',
  },
  {
    ...deleteOthers,
    name: 'resuming forgets an attempt of the same number',
    find: '(number, token) IS DISTINCT FROM ($2::bigint, $3::text)',
    replace: '(number, $3::text) IS DISTINCT FROM ($2::bigint, $3::text)',
    test: 'is the only one left when all others are removed',
  },
  {
    ...suite,
    file: `${sql}/relay-batch/delete-below.ts`,
    name: 'the confirmed batch stays',
    find: 'number < $2::bigint',
    replace: 'number <= $2::bigint',
    test: 'stays when those below it are removed',
  },
  {
    ...suite,
    file: `${sql}/relay-batch/select-confirmed.ts`,
    name: 'the confirmed cursor is not that of an intent',
    find: ' AND relay_batch.number = relay_shard.confirmed`',
    replace: ' ORDER BY relay_batch.number DESC LIMIT 1`',
    test: 'is that of the confirmed batch; there is none before the first batch',
  },
  {
    ...ids,
    name: 'ids of cursors are compared with the server’s',
    find: 'SELECT pg_snapshot_xmax(cursor_from) AS xmax FROM ${schema}.relay_batch\n      UNION ALL SELECT',
    replace: 'SELECT',
    test: 'sees a cursor, of any shard ahead',
  },
  {
    ...ids,
    name: 'ids of a capture’s end are compared with the server’s',
    find: '      UNION ALL SELECT pg_snapshot_xmax(cursor_until) FROM ${schema}.relay_batch\n',
    replace: '',
    test: 'sees the end of a capture ahead',
  },
  {
    ...ids,
    name: 'the highest id on record is compared with the server’s',
    find: '      UNION ALL SELECT highest_xid FROM ${schema}.relay_identity\n',
    replace: '',
    test: 'sees the identity ahead',
  },
  {
    ...ids,
    name: 'ids of rows are compared with the server’s',
    find: '      UNION ALL\n      SELECT max(xid) FROM ${schema}.outbox_message WHERE xid >= (SELECT xmax FROM server)\n',
    replace: '',
    test: 'sees a row ahead',
  },
  {
    file: 'packages/postgres/src/relay/check-server.ts',
    spec: 'packages/postgres/src/pg/standby.int.spec.ts',
    name: 'a standby is refused',
    find: '  if (await runForOne(session, selectRecovery, null)) throw storeStandby()\n',
    replace: '',
    test: 'a relay refuses a standby',
  },
]
