// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const sql = 'packages/postgres/src/sql/outbox-message'
const suite = { spec: 'test/postgres/postgres-store.int.spec.ts' }
const plans = { spec: 'packages/postgres/src/sql/outbox-message/plans.int.spec.ts' }
const order = { spec: 'packages/postgres/src/relay/read-page.int.spec.ts' }
const beyond = { ...suite, file: `${sql}/beyond.ts` }
const existsBeyond = { ...suite, file: `${sql}/exists-beyond.ts` }
const look = { ...suite, file: `${sql}/look-for-uncovered.ts` }
const uncovered = { ...suite, file: `${sql}/uncovered.ts` }
const uncoveredInSnapshot = { ...suite, file: `${sql}/exists-uncovered-in-snapshot.ts` }
const firstPage = { ...suite, file: `${sql}/select-first-page.ts` }
const nextPage = { ...suite, file: `${sql}/select-next-page.ts` }
const pageBounds = { ...suite, file: `${sql}/page.ts` }
const readPage = { ...suite, file: 'packages/postgres/src/relay/read-page.ts' }

/** Each predicate of the capture, and of what is deleted behind it. @type {readonly GuardEntry[]} */
export const captureGuards = [
  {
    ...beyond,
    name: 'a first page has what began after the last snapshot',
    find: '      xid >= pg_snapshot_xmax($1::pg_snapshot)\n      OR ',
    replace: '      ',
    test: 'has what is committed, as it was inserted, and then nothing until there is more',
  },
  {
    ...beyond,
    name: 'a first page has what ran at the last snapshot',
    find: '\n      OR xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))',
    replace: '',
    test: 'leaves out what is not committed, and has it once it is, although it lies behind',
  },
  {
    ...firstPage,
    name: 'a first page has nothing that was captured before',
    find: 'WHERE ${beyondSnapshot1}\n        AND ',
    replace: 'WHERE ($1::pg_snapshot IS NOT NULL OR ${beyondSnapshot1}) AND ',
    test: 'has what is committed, as it was inserted, and then nothing until there is more',
  },
  {
    ...firstPage,
    ...plans,
    name: 'a first page has nothing that its own snapshot does not cover',
    find: '\n        AND pg_visible_in_snapshot(xid, (SELECT snapshot FROM server))',
    replace: '',
    test: 'is not captured before this server has come as far, or it would be captured again',
  },
  {
    ...firstPage,
    ...order,
    name: 'a first page goes by seq, wherever the rows lie',
    find: '      ORDER BY seq\n      LIMIT $2',
    replace: '      LIMIT $2',
    test: 'has the rows by their seq, whatever the order in which they were written',
  },
  {
    ...firstPage,
    name: 'a first page keeps to its bytes',
    find: '    WHERE bytes <= $3::bigint OR bytes = size\n',
    replace: '    WHERE $3::bigint IS NOT NULL\n',
    test: 'has at most so many bytes of key, payload and headers',
  },
  {
    ...firstPage,
    name: 'a first page has one row at least',
    find: 'bytes <= $3::bigint OR bytes = size',
    replace: 'bytes <= $3::bigint',
    test: 'has at least one row, whatever its size',
  },
  {
    ...nextPage,
    name: 'a later page begins behind the last one',
    find: 'seq > $5::bigint',
    replace: '$5::bigint IS NOT NULL',
    test: 'has nothing that was committed after the capture began; the next capture has it, in its place',
  },
  {
    ...nextPage,
    name: 'a later page has nothing that came after the capture began',
    find: 'pg_visible_in_snapshot(xid, $4::pg_snapshot)',
    replace: '$4::pg_snapshot IS NOT NULL',
    test: 'has nothing that was committed after the capture began; the next capture has it, in its place',
  },
  {
    ...nextPage,
    name: 'a later page has nothing that was captured before',
    find: 'NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)',
    replace: '$1::pg_snapshot IS NOT NULL',
    test: 'has nothing that an earlier capture has had, although it lies behind the last row',
  },
  {
    ...nextPage,
    ...order,
    name: 'a later page goes by seq, wherever the rows lie',
    find: '      ORDER BY seq\n      LIMIT',
    replace: '      LIMIT',
    test: 'has the rows by their seq, whatever the order in which they were written',
  },
  {
    ...nextPage,
    name: 'a later page keeps to its bytes',
    find: '    WHERE bytes <= $3::bigint OR bytes = size\n',
    replace: '    WHERE $3::bigint IS NOT NULL\n',
    test: 'has at most so many bytes of key, payload and headers',
  },
  {
    ...nextPage,
    name: 'a later page has one row at least',
    find: 'bytes <= $3::bigint OR bytes = size',
    replace: 'bytes <= $3::bigint',
    test: 'has at least one row, whatever its size',
  },
  {
    ...pageBounds,
    name: 'keys count towards the bytes of a page',
    find: 'coalesce(octet_length(key), 0) + ',
    replace: '',
    test: 'has at most so many bytes of key, payload and headers',
  },
  {
    ...pageBounds,
    name: 'payloads count towards the bytes of a page',
    find: 'coalesce(octet_length(payload), 0) + ',
    replace: '',
    test: 'has at most so many bytes of key, payload and headers',
  },
  {
    ...pageBounds,
    name: 'headers count towards the bytes of a page',
    find: ' + octet_length(headers::text)',
    replace: '',
    test: 'has at most so many bytes of key, payload and headers',
  },
  {
    ...readPage,
    name: 'a page with all its rows is followed by another of its capture',
    find: 'found.length < bounds.maxRows && ',
    replace: '',
    test: 'ends the capture when it has fewer rows than both bounds allow, and not before',
  },
  {
    ...readPage,
    name: 'a page with all its bytes is followed by another of its capture',
    find: ' && last?.more === false',
    replace: '',
    test: 'ends the capture when it has fewer rows than both bounds allow, and not before',
  },
  {
    ...readPage,
    name: 'a capture without rows left is followed by the next one',
    find: 'if (rows.length === 0) return readFirstPage(session, { cursor, from: until, ...limits })',
    replace: 'if (rows.length === 0) return { rows: [], cursor }',
    test: 'of a capture without rows left is the first one of the next',
  },
  {
    ...readPage,
    name: 'no rows: the cursor stays, also at the end of a capture',
    find: '{ cursor, from: until, ...limits })',
    replace: "{ cursor: { from: until, until: null, lastSeq: '0' }, from: until, ...limits })",
    test: 'of a capture without rows left is the first one of the next',
  },
  {
    ...look,
    name: 'a look at the outbox sees what began after the last snapshot',
    find: "'xid >= pg_snapshot_xmax($1::pg_snapshot)'",
    replace: "'$1::pg_snapshot IS NULL'",
    test: 'is told without reading them',
  },
  {
    ...look,
    name: 'a look at the outbox sees what ran at the last snapshot',
    find: "'xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))'",
    replace: "'$1::pg_snapshot IS NULL'",
    test: 'is told without reading them',
  },
  {
    ...look,
    spec: 'packages/postgres/src/sql/outbox-message/look.int.spec.ts',
    name: 'a look at the outbox goes no further than it may',
    find: ' LIMIT $5::int\n',
    replace: '\n',
    also: [{ file: look.file, find: ' OR nth = $5::int', replace: ' OR $5::int IS NULL' }],
    test: 'goes through no more of them than it may',
  },
  {
    ...existsBeyond,
    name: 'a mark waits for what began after the last snapshot',
    find: 'WHERE xid >= pg_snapshot_xmax($1::pg_snapshot)',
    replace: 'WHERE false',
    test: 'is covered when everything committed before it is in batches, whatever comes after it',
  },
  {
    ...existsBeyond,
    name: 'a passage sees what ran at the last snapshot',
    find: 'WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot)))',
    replace: 'WHERE false',
    test: 'passes over the messages of others, and over none of its own',
  },
  {
    ...suite,
    file: `${sql}/select-passage.ts`,
    name: 'a passage goes over nothing of the shard’s own',
    find: "bool(row, 'found') ? null",
    replace: "typeof row['found'] === 'string' ? null",
    test: 'passes over nothing that a capture under way has not read',
  },
  {
    ...uncovered,
    name: 'a look at the outbox sees what is left of a capture',
    find: 'seq > $3::bigint OR ',
    replace: '$3::bigint IS NULL OR ',
    test: 'counts what is left of a capture under way, and what came after it',
  },
  {
    ...uncovered,
    name: 'a look at the outbox sees what came after a capture began, although it lies behind',
    find: ' OR NOT pg_visible_in_snapshot(xid, $2::pg_snapshot)',
    replace: '',
    test: 'counts what was open when the capture began, also where it lies behind what has been read',
  },
  {
    ...uncoveredInSnapshot,
    name: 'a drain does not wait for what came after its mark',
    find: ' AND pg_visible_in_snapshot(xid, $4::pg_snapshot)',
    replace: ' AND $4::pg_snapshot IS NOT NULL',
    test: 'is covered when everything committed before it is in batches, whatever comes after it',
  },
]
