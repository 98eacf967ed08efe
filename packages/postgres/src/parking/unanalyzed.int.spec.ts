import type { InboxParkingStore, ParkingStore, ParkingTransaction } from '@pigeonhole/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sqlInboxParked } from '../inbox/sql-inbox-parked.js'
import { SpecDatabase } from '../spec-database.fake.js'
import { RowsVisited } from '../sql/rows-visited.fake.js'
import type { SqlSession } from '../sql/statement.js'
import { sqlParkingStore } from './sql-parking-store.js'
import { SqlParkingTransaction } from './sql-parking-transaction.js'

const inbox = 'billing'
const keys = 1_000
const topics = 100
const perTopic = 20
/** Rows of one side: keys, three messages of each, as many behind one more key as keys, some without a key, those of paused topics. */
const total = keys * (1 + 3 + 2 + 1 / 2) + topics * perTopic

const tables = ['parked_key', 'parked_message', 'paused_topic', 'inbox_message', 'relay_batch']
const autovacuumOff = tables.map(
  (table) => `ALTER TABLE pigeonhole.${table} SET (autovacuum_enabled = false);`,
)
const analyze = `ANALYZE ${tables.map((table) => `pigeonhole.${table}`).join(', ')};`
const sides = `(VALUES ('outbox', ''), ('inbox', '${inbox}')) AS place (side, scope)`

/** Messages of both sides, whose topics, keys and error codes `rows` has. */
function messages(rows: string): string {
  return `INSERT INTO pigeonhole.parked_message
      (side, scope, topic, key, message_id, message_scope, bucket, headers, payload, error_code, error, created_at)
    SELECT side, scope, topic, key::bytea, gen_random_uuid()::text, topic, 7, '[]', repeat('x', 200)::bytea, code, 'refused', now()
    FROM ${sides}, (${rows}) AS message (topic, key, code);`
}

function blockedKeys(rows: string): string {
  return `INSERT INTO pigeonhole.parked_key (side, scope, topic, key, bucket, error_code, error, attempts)
    SELECT side, scope, 't', key::bytea, 7, 'RECORD_REFUSED', 'refused', 1 FROM ${sides}, (${rows}) AS blocked (key);`
}

const fill = `
  ${blockedKeys(`SELECT 'key-' || n FROM generate_series(1, ${keys}) AS n UNION ALL SELECT 'followed'`)}
  ${messages(`SELECT 't', 'key-' || n, NULL FROM generate_series(1, ${keys}) AS n, generate_series(1, 3)`)}
  ${messages(`SELECT 't', 'followed', NULL FROM generate_series(1, ${2 * keys})`)}
  ${messages(`SELECT 't', NULL, 'RECORD_REFUSED' FROM generate_series(1, ${keys / 2})`)}
  ${messages(`SELECT 'paused-' || n, 'p-' || m, NULL FROM generate_series(1, ${topics}) AS n, generate_series(1, ${perTopic}) AS m`)}
  INSERT INTO pigeonhole.paused_topic (shard, topic, error_code, error, retry_at)
  SELECT 0, 'paused-' || n, 'TOPIC_MISSING', 'gone', now() + interval '1 hour' FROM generate_series(1, ${topics}) AS n;`
const oneKey = `${blockedKeys("SELECT 'old'")} ${messages("SELECT 't', 'old', NULL FROM generate_series(1, 500)")}`

interface Operators {
  readonly outbox: ParkingStore
  readonly billing: InboxParkingStore
  readonly relay: ParkingTransaction
}

/** Every third message, so that each has another key. */
async function someIds(list: Promise<readonly { readonly id: string }[]>): Promise<string[]> {
  return (await list).filter((_, place) => place % 3 === 0).map(({ id }) => id)
}

const operations: readonly (readonly [string, (operators: Operators) => Promise<unknown>])[] = [
  ['are listed', ({ outbox }) => outbox.listParking()],
  ['are sent again', ({ outbox }) => outbox.retryParked({})],
  ['of a topic are sent again', ({ outbox }) => outbox.retryParked({ topic: 't' })],
  ['are discarded', ({ outbox }) => outbox.discardParked({})],
  [
    'are discarded by their ids',
    async ({ outbox }) =>
      outbox.discardParked({ ids: await someIds(outbox.listParkedMessages({ topic: 't' }, 3 * keys)) }),
  ],
  [
    'are taken off by a relay that has sent them',
    async ({ outbox, relay }) =>
      relay.applyReleases(await someIds(outbox.listParkedMessages({ topic: 't' }, 1_500))),
  ],
  ['of an inbox are listed', ({ billing }) => billing.listInboxParking(inbox)],
  ['of an inbox are handled again', ({ billing }) => billing.retryInboxParked({ inbox })],
  ['of an inbox are discarded', ({ billing }) => billing.discardInboxParked({ inbox })],
  [
    'of an inbox are discarded by their ids',
    async ({ billing }) => {
      const ids = await someIds(billing.listInboxParkedMessages({ inbox, topic: 't' }, 3 * keys))
      return billing.discardInboxParked({ inbox, ids })
    },
  ],
]

// What the planner takes for small is joined row by row. Here that is 1,000 rows and more for each that is there, where the statements
// as they are have 20.
describe.each([
  ['never analyzed', fill],
  ['analyzed last when one key was all of it', `${oneKey} ${analyze} ${fill}`],
  ['analyzed', `${fill} ${analyze}`],
])('in tables that were %s, parked messages', (_, prepare) => {
  let database: SpecDatabase
  beforeAll(async () => {
    database = await SpecDatabase.create()
    await database.pool.query(
      `INSERT INTO pigeonhole.relay_shard (shard, first_bucket, last_bucket) VALUES (0, 0, 255);
       ${autovacuumOff.join('\n')}
       ${prepare}`,
    )
  })
  afterAll(() => database.drop())

  /** How many rows an operation goes over. It is undone. */
  async function visited(operation: (operators: Operators) => Promise<unknown>): Promise<number> {
    const { client, executor, schema } = await database.session()
    const counting = new RowsVisited(executor)
    const session = { executor: counting, schema }
    const inSession = <R>(work: (session: SqlSession) => Promise<R>): Promise<R> => work(session)
    try {
      await client.query('BEGIN')
      await operation({
        outbox: sqlParkingStore({ read: inSession, write: inSession }),
        billing: sqlInboxParked(inSession),
        relay: new SqlParkingTransaction(session, 0),
      })
      return counting.rows
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
  }

  it.each(operations)('%s in as many steps as there are', async (_, operation) => {
    expect(await visited(operation)).toBeLessThan(30 * total)
  })
})
