// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const sql = 'packages/postgres/src/sql'
const suite = { spec: 'test/postgres/postgres-store.int.spec.ts' }
const owned = { ...suite, file: `${sql}/outbox-message/owned.ts` }
const lease = { file: 'packages/core/src/relay/lease.ts', spec: 'packages/core/src/relay/lease.unit.spec.ts' }

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
    test: 'has the messages of its buckets alone, first and last included',
  },
  {
    ...suite,
    file: `${sql}/outbox-message/delete-visible.ts`,
    name: 'a shard deletes messages of its own buckets alone',
    find: "        AND ${ownedBetween('$4', '$5')}\n",
    replace: '        AND ($4::smallint + $5::smallint) IS NOT NULL\n',
    test: 'has the messages of its buckets alone, first and last included',
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
    find: '      UNION ALL SELECT pg_snapshot_xmax(origin) FROM ${schema}.relay_shard\n',
    replace: '',
    test: 'sees where a shard began ahead',
  },
  {
    ...lease,
    name: 'nobody takes the lease of a shard that is retired',
    find: "      if (!observed) return 'retired'\n",
    replace: "      if (!observed) return 'taken'\n",
    test: 'takes none of a shard that the outbox has retired',
  },
]
