// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const sql = 'packages/postgres/src/sql'
const suite = { spec: 'test/postgres/postgres-store.int.spec.ts' }
const owned = { ...suite, file: `${sql}/outbox-message/owned.ts` }
const lease = { file: 'packages/core/src/relay/lease.ts', spec: 'packages/core/src/relay/lease.unit.spec.ts' }

const change = { ...suite, file: 'packages/postgres/src/relay/change-shards.ts' }
const reshard = {
  file: 'packages/core/src/relay/reshard/reshard.ts',
  spec: 'packages/core/src/relay/reshard/reshard.unit.spec.ts',
}
const end = {
  file: 'packages/core/src/relay/reshard/shard-end.ts',
  spec: 'packages/core/src/relay/reshard/shard-end.unit.spec.ts',
}
const close = { ...reshard, file: 'packages/core/src/relay/reshard/close-shard.ts' }

/** Each bucket has one shard. @type {readonly GuardEntry[]} */
export const mapGuards = [
  {
    ...owned,
    name: 'a page has the buckets of its shard alone',
    find: 'OR bucket BETWEEN ${first}::smallint AND ${last}::smallint)',
    replace: 'OR ${first}::smallint <= ${last}::smallint)',
    test: 'has the messages of its buckets alone, first and last included',
  },
  {
    ...owned,
    name: 'a look at the outbox sees the buckets of its shard alone',
    find: "`bucket BETWEEN ${boundary('first_bucket')} AND ${boundary('last_bucket')}`",
    replace: "`${boundary('first_bucket')} <= ${boundary('last_bucket')}`",
    test: 'passes over the messages of others, and over none of its own',
  },
  {
    ...suite,
    file: `${sql}/relay-shard/insert.ts`,
    name: 'of several relays that divide a new outbox at once, one does',
    find: ' AND EXISTS (SELECT FROM shard0)',
    replace: ' ON CONFLICT DO NOTHING',
    test: 'the map of shards',
  },
  {
    file: `${sql}/server/select-transaction-ids.ts`,
    spec: `${sql}/server/select-transaction-ids.int.spec.ts`,
    name: 'ids of a shard’s beginning are compared with the server’s',
    find: 'SELECT pg_snapshot_xmax(origin) FROM',
    replace: 'SELECT NULL::xid8 FROM',
    test: 'sees where a shard began ahead',
  },
  {
    ...lease,
    name: 'nobody takes the lease of a shard that is retired',
    find: "      if (!observed) return 'retired'\n",
    replace: "      if (!observed) return 'taken'\n",
    test: 'takes none of a shard that the outbox has retired',
  },
  {
    ...change,
    name: 'the map changes only while every shard has the token of who changes it',
    find: '  if (held.length === 0) return false\n',
    replace: '  void held\n',
    test: 'changes nothing where a token is another one',
  },
  {
    ...change,
    name: 'the map changes only where every shard ends at one snapshot',
    find: ' && cursor.from === snapshot',
    replace: ' && snapshot !== cursor.from.repeat(2)',
    test: 'changes nothing where a shard ends elsewhere, or is in the middle of a capture',
  },
  {
    ...change,
    name: 'the map does not change in the middle of a capture',
    find: 'cursor.until === null && ',
    replace: '',
    test: 'changes nothing where a shard ends elsewhere, or is in the middle of a capture',
  },
  {
    ...change,
    name: 'the map changes only where every owner is closed',
    find: '  if (map.some(({ shard, buckets }) => buckets !== null && !numbers.includes(shard))) return false\n',
    replace: '  void map\n  void numbers\n',
    test: 'changes nothing where a shard that owns something is left out',
  },
  {
    ...change,
    file: `${sql}/relay-shard/assign-buckets.ts`,
    name: 'a new shard begins behind what the old owners have sent',
    find: 'SELECT number - 1, first, last, $3::pg_snapshot\n',
    replace: 'SELECT number - 1, first, last, nullif($3::text, $3::text)::pg_snapshot\n',
    test: 'divides the buckets anew; a new shard begins behind the snapshot, one that was there has its cursor',
  },
  {
    file: 'packages/core/src/relay/opening.ts',
    spec: 'test/relay/reshard.e2e.spec.ts',
    name: 'a genesis begins at the shard’s origin',
    find: '  return origin === null ? originCursor : { ...originCursor, from: origin }\n',
    replace: '  void origin\n  return originCursor\n',
    test: 'from one shard to four, to two, to three, with two relays of different numbers',
  },
  {
    ...suite,
    file: 'packages/postgres/src/relay/read-page.ts',
    name: 'closing a shard ends its capture first',
    find: 'const rows = await run(session, selectNextPage, { from, until: end, lastSeq, ...limits })\n  if (rows.length > 0) return pageOf(rows, { from, until: end, bounds: limits.bounds })',
    replace:
      'const rows = await run(session, selectNextPage, { from, until, lastSeq, ...limits })\n  if (rows.length > 0) return pageOf(rows, { from, until, bounds: limits.bounds })',
    test: 'ends a capture that is under way first, and goes on from there',
  },
  {
    ...close,
    name: 'a shard that is closed moves no cursor without an intent',
    find: 'batch: await writeBatch(tx, { shard: open.shard, parent, cursor: page.cursor }), rows',
    replace:
      'batch: rows.length > 0 ? await writeBatch(tx, { shard: open.shard, parent, cursor: page.cursor }) : { number: parent.number + 1, token: "t", parent: parent.token, cursor: page.cursor }, rows',
    test: 'moves no cursor without an intent, also where there is nothing to send',
  },
  {
    ...reshard,
    name: 'the snapshot is read when every shard is open',
    find: '  const open = await held.open()\n',
    replace: '  await store.readSnapshot()\n  const open = await held.open()\n',
    test: 'opens first, reads one snapshot, sends what it holds, and then changes the map',
  },
  {
    ...reshard,
    name: 'no shard begins behind a snapshot where a failover has taken every shard back',
    find: '  if (map.length === 0) throw interrupted()\n',
    replace: '',
    test: 'changes nothing where a failover has taken every shard back',
  },
  {
    ...end,
    name: 'a shard ends where another does only while that one’s last batch is there',
    find: 'if (await tx.hasBatch(shard, batch)) return snapshot',
    replace: 'if (await tx.hasBatch(shard, batch).then(() => true)) return snapshot',
    test: 'is none where none is in its place',
  },
  {
    ...suite,
    file: 'packages/postgres/src/sql/server/select-running-snapshot.ts',
    name: 'a transaction runs in its own snapshot',
    find: 'CASE WHEN own < pg_snapshot_xmax(taken)',
    replace: 'CASE WHEN own < pg_snapshot_xmax(taken) AND false',
    test: 'counts its own transaction as one that runs',
  },
  {
    ...reshard,
    name: 'a map that was not changed is told of',
    find: '  if (!(await store.changeShards({ closed, snapshot, ranges: divideBuckets(shards) }))) throw interrupted()\n',
    replace: '  await store.changeShards({ closed, snapshot, ranges: divideBuckets(shards) })\n',
    test: 'says that it was interrupted where the store does not find everything as it was',
  },
  {
    ...close,
    name: 'a shard that is closed sends nothing of a key that is parked',
    find: '{ rows } = await this.#parking.sift(tx, page.rows)',
    replace: '{ rows } = page',
    test: 'parks what is blocked, as a relay does',
  },
  {
    ...close,
    name: 'a shard that is closed parks what the broker refuses',
    find: '    await this.#settle()\n',
    replace: '    void this.#settle\n',
    test: 'looks for what the broker refuses and parks it, as a relay does',
  },
  {
    ...close,
    name: 'a shard that is closed passes what no record is to blame for',
    find: '!search.learn(error, last)',
    replace: '!search.learn(error, last) && false',
    test: 'passes what no record is to blame for',
  },
]
