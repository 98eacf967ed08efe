import { randomUUID } from 'node:crypto'
import type { Cursor } from '@pigeonhole/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { SqlAdoptionTransaction } from './adoption-transaction.js'

describe('an adoption in PostgreSQL', () => {
  let database: SpecDatabase
  beforeEach(async () => {
    database = await SpecDatabase.create()
    await database.pool.query('INSERT INTO pigeonhole.relay_shard (shard) VALUES (0)')
  })
  afterEach(() => database.drop())

  async function within<R>(work: (tx: SqlAdoptionTransaction) => Promise<R>, shard = 0): Promise<R> {
    const { client, ...session } = await database.session()
    try {
      await client.query('BEGIN')
      const result = await work(new SqlAdoptionTransaction(session, shard))
      await client.query('COMMIT')
      return result
    } finally {
      client.release(true)
    }
  }

  async function insert({ xid, bucket = 0 }: { readonly xid?: string; readonly bucket?: number } = {}) {
    const values = xid === undefined ? 'DEFAULT' : `'${xid}'`
    await database.pool.query(
      `INSERT INTO pigeonhole.outbox_message (xid, bucket, id, topic, headers)
       VALUES (${values}, $1, $2, 't', '[]')`,
      [bucket, randomUUID()],
    )
  }

  const ahead: Cursor = { from: '9000000000:9000000000:', until: null, lastSeq: '0' }
  const all = { cursor: ahead, copied: true, after: '0', limit: 10 }

  it('lets a copied cursor speak of copied rows, and not of those that this server has numbered', async () => {
    await insert({ xid: '8000000000' })
    await insert()
    const messages = await within((tx) => tx.readUnsettled(all))
    expect(messages.map(({ covered }) => covered)).toEqual([true, false])
  })

  it('keeps to the buckets of its shard', async () => {
    await database.pool.query(`
      UPDATE pigeonhole.relay_shard SET last_bucket = 99;
      INSERT INTO pigeonhole.relay_shard (shard, first_bucket, last_bucket) VALUES (1, 100, 255);
      INSERT INTO pigeonhole.relay_shard (shard, first_bucket, last_bucket) VALUES (2, NULL, NULL)`)
    for (const bucket of [0, 99, 100]) await insert({ bucket })
    for (const [shard, count] of [2, 1, 0].entries()) {
      expect(await within((tx) => tx.readUnsettled(all), shard)).toHaveLength(count)
      expect(await within((tx) => tx.renumberMessages(), shard)).toBe(count)
    }
  })

  it('deletes parked messages, and unblocks a key when none of it is left', async () => {
    await database.pool.query(`
      INSERT INTO pigeonhole.parked_key (side, scope, topic, key, bucket)
      VALUES ('outbox', '', 't', 'a', 0), ('outbox', '', 't', 'b', 0), ('inbox', '', 't', 'c', 0);
      INSERT INTO pigeonhole.parked_message (id, side, scope, topic, key, message_id, bucket, headers, error, created_at)
      VALUES (1, 'outbox', '', 't', 'a', 'one', 0, '[]', '', now()), (2, 'outbox', '', 't', 'b', 'two', 0, '[]', '', now()),
        (3, 'outbox', '', 't', 'b', 'three', 0, '[]', '', now()), (4, 'inbox', '', 't', 'c', 'four', 0, '[]', '', now())`)
    const parked = await within((tx) => tx.readParkedOut())
    expect(parked.map(({ parkedId, id }) => [parkedId, id])).toEqual([
      ['1', 'one'],
      ['2', 'two'],
      ['3', 'three'],
    ])
    await within((tx) => tx.deleteParkedOut(['1', '2', '4']))
    const left = await database.pool.query('SELECT id::int FROM pigeonhole.parked_message ORDER BY id')
    expect(left.rows.map(({ id }) => id)).toEqual([3, 4])
    const keys = await database.pool.query("SELECT encode(key, 'escape') AS key FROM pigeonhole.parked_key")
    expect(keys.rows.map(({ key }) => key).sort()).toEqual(['b', 'c'])
  })

  it('takes its snapshot before it has an id: one taken within counts its own id as ended', async () => {
    const client = await database.pool.connect()
    try {
      await client.query('BEGIN')
      await client.query('SELECT pg_current_xact_id()')
      await database.pool.query('SELECT pg_current_xact_id()')
      const { rows } = await client.query(
        'SELECT pg_visible_in_snapshot(pg_current_xact_id(), pg_current_snapshot()) AS visible',
      )
      expect(rows).toEqual([{ visible: true }])
    } finally {
      client.release(true)
    }
  })
})
