// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const store = { spec: 'test/postgres/postgres-store.int.spec.ts' }
const broker = { spec: 'test/run-inbox/id-retention.e2e.spec.ts' }
const forgetOld = { ...store, file: 'packages/postgres/src/sql/inbox-message/forget-old.ts' }
const cleaner = { file: 'packages/kafkajs/src/run-inbox/id-cleaner.ts' }
const topicRetention = { ...broker, file: 'packages/kafkajs/src/run-inbox/topic-retention.ts' }
const migration = {
  file: 'prisma/migrations/20261115000000_pigeonhole_ids_by_age/migration.sql',
  spec: 'packages/postgres/src/migrations/ids-by-age.int.spec.ts',
}

/** What keeps an inbox from forgetting ids that it may need. @type {readonly GuardEntry[]} */
export const idRetentionGuards = [
  {
    ...forgetOld,
    name: 'an id is kept for its time',
    find: "received_at < statement_timestamp() - $2::float8 * interval '1 ms'",
    replace: "received_at < statement_timestamp() - least($2::float8, 0) * interval '1 ms'",
    test: 'are forgotten once they are old enough, and of one inbox',
  },
  {
    ...forgetOld,
    name: 'ids are kept for what is read again',
    find: 'AND next_offset < replayed_until)',
    replace: 'AND next_offset < replayed_until AND false)',
    test: 'keeps every id, however old, until the inbox is back where it was',
  },
  {
    ...forgetOld,
    ...broker,
    name: 'ids are kept for what is read again, seen on a broker',
    find: 'AND next_offset < replayed_until)',
    replace: 'AND next_offset < replayed_until AND false)',
    test: 'are kept while the inbox reads again what it was rewound to',
  },
  {
    ...store,
    file: 'packages/postgres/src/sql/inbox-position/rewind.ts',
    name: 'a second rewind keeps ids for what the first was to read',
    find: 'replayed_until = greatest(replayed_until, next_offset)',
    replace: 'replayed_until = next_offset',
    test: 'keeps every id, however old, until the inbox is back where it was',
  },
  {
    file: 'packages/postgres/src/inbox/sql-inbox-retention.ts',
    spec: 'packages/postgres/src/inbox/sql-inbox-retention.int.spec.ts',
    name: 'nothing is forgotten beside a rewind',
    find: '        await run(session, lockInboxRetention, { inbox })\n',
    replace: '        void run\n        void lockInboxRetention\n',
    test: 'waits for a rewind under way, and then forgets nothing of what is read again',
  },
  {
    ...cleaner,
    ...broker,
    name: 'where no positions are kept, an id is for as long as its message',
    find: ': Math.max(idRetentionMs, ...',
    replace: ': Math.min(idRetentionMs, ...',
    test: 'are kept for as long as the topic keeps messages where no positions are',
  },
  {
    ...cleaner,
    spec: 'packages/kafkajs/src/run-inbox/id-cleaner.unit.spec.ts',
    name: 'where no positions are kept, and the broker does not tell, no id is forgotten',
    find: '?? [Number.POSITIVE_INFINITY]',
    replace: '?? []',
    test: 'are kept where the broker does not tell for how long messages are',
  },
  {
    ...topicRetention,
    name: 'a compacted topic forgets nothing',
    find: "!cleanupPolicy.split(',').includes('delete') || ",
    replace: '',
    test: 'are kept for ever where no positions are and the topic is compacted',
  },
  {
    ...topicRetention,
    name: 'a message waits for its segment to be closed',
    find: " + Number(settings.get('segment.ms'))",
    replace: '',
    test: 'are kept for as long as the topic keeps messages where no positions are',
  },
  {
    ...broker,
    file: 'packages/kafkajs/src/rewind-inbox/rewind-inbox.ts',
    name: 'a rewind does not count on ids that are forgotten',
    find: '      await this.#assertIdsKept(moving)\n',
    replace: '      void this.#assertIdsKept\n',
    test: 'and are forgotten make no rewind that counts on them',
  },
  {
    ...migration,
    name: 'inboxes do not wait while the index of a large table is built',
    find: '> 1000000 THEN',
    replace: '> 1e18 THEN',
    test: 'does not hold up inboxes while the index of a large table is built',
  },
  {
    ...migration,
    name: 'an index that was given up is none',
    find: 'IF NOT usable THEN',
    replace: 'IF false THEN',
    test: 'takes no index that was given up half built',
  },
]
