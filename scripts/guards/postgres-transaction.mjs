// @ts-check
/** @import { GuardEntry } from '../guards.mjs' */

const sql = 'packages/postgres/src/sql'
const pg = 'packages/postgres/src/pg'
const suite = { spec: 'test/postgres/postgres-store.int.spec.ts' }
const transaction = { file: `${pg}/transaction.ts`, spec: `${pg}/transaction.int.spec.ts` }
const begin = { ...transaction, file: `${pg}/begin.ts` }
const requireTransaction = {
  file: `${pg}/require-transaction.ts`,
  spec: `${pg}/require-transaction.int.spec.ts`,
}
const store = { ...suite, file: `${pg}/postgres-store.ts` }
const settings = 'gives a relay what it builds on, whatever the defaults of the database'

/** What publishing, handlers and relays build on in PostgreSQL. @type {readonly GuardEntry[]} */
export const postgresTransactionGuards = [
  {
    ...begin,
    name: 'a relay’s commits are flushed, whatever the default',
    find: 'SET LOCAL synchronous_commit = on; ',
    replace: '',
    test: settings,
  },
  {
    ...begin,
    spec: 'packages/postgres/src/relay/crash.int.spec.ts',
    name: 'an intent outlives a crash of the server',
    find: 'SET LOCAL synchronous_commit = on; ',
    replace: '',
    test: 'an intent and the rows that it stands for outlive a crash, although nothing else is flushed',
  },
  {
    ...begin,
    name: 'READ COMMITTED, whatever the default',
    find: ' ISOLATION LEVEL READ COMMITTED',
    replace: ' ISOLATION LEVEL SERIALIZABLE',
    test: settings,
  },
  {
    ...begin,
    name: 'a transaction that may not write does not begin',
    find: 'READ COMMITTED READ WRITE',
    replace: 'READ COMMITTED',
    spec: `${pg}/standby.int.spec.ts`,
    test: 'an inbox refuses a standby',
  },
  {
    ...begin,
    name: 'a paused relay loses its lock on the shard',
    find: '    `SET LOCAL idle_in_transaction_session_timeout = ${milliseconds}`,\n',
    replace: '',
    test: settings,
  },
  {
    ...begin,
    name: 'no statement takes longer than its transaction may',
    find: '    `SET LOCAL statement_timeout = ${milliseconds}`,\n',
    replace: '',
    test: settings,
  },
  {
    ...transaction,
    name: 'a COMMIT that was answered with ROLLBACK is no success',
    find: "  if (command !== 'COMMIT')\n    throw",
    replace: "  if (command === '')\n    throw",
    test: 'does not resolve when PostgreSQL has rolled back what a swallowed error had spoilt',
  },
  {
    ...transaction,
    file: `${pg}/borrowed-client.ts`,
    name: 'a silent connection is given up',
    find: 'return withDeadline(timeoutMs, lend(), () => loan.cancel())',
    replace: 'return withDeadline(timeoutMs, lend(), () => undefined)',
    test: 'gives up when the connection falls silent at',
  },
  {
    ...requireTransaction,
    name: 'a client that has begun nothing is asked about',
    find: '    await client.query(probeTransaction)\n',
    replace: '',
    test: 'refuses a client without a transaction, before one and after one',
  },
  {
    ...requireTransaction,
    name: 'PostgreSQL is asked by what it refuses outside a transaction',
    find: "'SAVEPOINT pigeonhole; RELEASE SAVEPOINT pigeonhole'",
    replace: "'SELECT 1'",
    test: 'refuses a pool, whose statements run anywhere',
  },
  {
    ...store,
    name: 'publishing asks for a transaction',
    find: '    await requireTransaction(client, schema)\n',
    replace: '',
    test: 'inserting messages refuses what is no transaction',
  },
  {
    ...store,
    spec: `${pg}/postgres-store.int.spec.ts`,
    name: 'a handler’s lost deadlock is a conflict',
    find: "coded?.code === 'STORE_CONFLICT' || (coded",
    replace: '(coded',
    test: 'that loses a deadlock in statements of the handler is a conflict, and the other one commits',
  },
  {
    ...store,
    spec: `${pg}/postgres-store.int.spec.ts`,
    name: 'a transaction that the client knows to have failed is not usable',
    find: "if (status) return status === 'T'",
    replace: "if (status) return status !== 'I'",
    test: 'is not usable once a statement in it has failed, whether the client knows or PostgreSQL is asked',
  },
  {
    ...store,
    spec: `${pg}/postgres-store.int.spec.ts`,
    name: 'a transaction that PostgreSQL knows to have failed is not usable',
    find: ' || isFailedTransaction(error)) return false',
    replace: ') return false',
    test: 'is not usable once a statement in it has failed, whether the client knows or PostgreSQL is asked',
  },
  {
    ...store,
    spec: `${pg}/postgres-store.int.spec.ts`,
    name: 'a transaction that its handler has ended is not usable',
    find: "if (status) return status === 'T'",
    replace: 'if (status) return true',
    test: 'is not usable any more once the handler itself has ended it',
  },
  {
    ...suite,
    file: `${sql}/outbox-message/insert.ts`,
    name: 'rows are numbered in the order given',
    find: '    ORDER BY place`',
    // Without any order PostgreSQL happens to keep it.
    replace: '    ORDER BY id`',
    test: 'keeps the order of thousands',
  },
  {
    ...suite,
    file: `${sql}/outbox-message/lock-keys.ts`,
    name: 'keys are locked in one order',
    find: '.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))',
    replace: '',
    test: 'takes several in one order, whatever the order given',
  },
  {
    ...suite,
    file: `${sql}/inbox-message/move-position.ts`,
    name: 'a position that is passed does not move',
    find: '      WHERE held.next_offset <= $4::bigint\n',
    replace: '',
    test: 'moves to any later offset, and never to one that it has passed',
  },
  {
    ...suite,
    file: `${sql}/inbox-message/move-position.ts`,
    name: 'the next offset may be handled',
    find: 'held.next_offset <= $4::bigint',
    replace: 'held.next_offset < $4::bigint',
    test: 'moves to any later offset, and never to one that it has passed',
  },
  {
    ...suite,
    file: `${sql}/inbox-message/receive.ts`,
    name: 'a known id does not fail the transaction',
    find: '      ON CONFLICT (inbox, scope, message_id) DO NOTHING\n',
    replace: '',
    test: 'is told of each, in their order, where several come at once',
  },
  {
    ...suite,
    file: `${sql}/inbox-message/receive-one.ts`,
    name: 'a known id alone does not fail the transaction',
    find: '      ON CONFLICT (inbox, scope, message_id) DO NOTHING\n',
    replace: '',
    test: 'is new once, for each inbox and scope',
  },
  {
    ...suite,
    file: `${sql}/inbox-message/receive.ts`,
    name: 'ids are remembered only where the position moves',
    find: ' AND ($3::int IS NULL OR EXISTS (SELECT FROM moved))',
    replace: '',
    test: 'among several is looked at only where the position has not passed it',
  },
  {
    ...suite,
    file: `${sql}/inbox-message/receive-one.ts`,
    name: 'an id alone is remembered only where the position moves',
    find: ' AND ($3::int IS NULL OR EXISTS (SELECT FROM moved))',
    replace: '',
    test: 'is looked at only where the position has not passed it',
  },
  {
    ...suite,
    file: `${sql}/inbox-message/receive.ts`,
    name: 'ids are taken in one order',
    find: '      ORDER BY scope, message_id\n',
    replace: '',
    test: 'is taken in one order among several',
  },
]
