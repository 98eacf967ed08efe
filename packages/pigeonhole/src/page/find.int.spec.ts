import { randomBytes } from 'node:crypto'
import { createInbox, on, park, topic } from '@pigeonhole/core'
import { grantsFor, postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { WorkerLab } from '../worker-lab.harness.js'
import { find } from './find.js'

const orders = topic<string>('orders')

describe('what the page reads', () => {
  let lab: WorkerLab
  beforeEach(async () => {
    lab = await WorkerLab.open()
    const inbox = createInbox({ store: postgresStore(lab.pool), name: 'billing' })
    const refusing = on<pg.ClientBase, string>(orders, () => {
      throw park('no such customer')
    })
    const value = Buffer.from('"private"')
    const key = Buffer.from('customer-1')
    await inbox.handle({ topic: 'orders', partition: 0, offset: 1n, key, value, headers: [] }, refusing)
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  it('is what is pending and parked, and where inboxes go on, without payloads', async () => {
    await lab.publish('private')
    const found = await find(postgresStore(lab.pool), 'keys and errors')
    expect(found).toMatchObject({
      positions: [{ inbox: 'billing', topic: 'orders', partition: 0, nextOffset: '2' }],
      parked: [
        {
          side: 'billing',
          kind: 'key',
          topic: 'orders',
          key: 'customer-1',
          messages: 1,
          why: expect.stringMatching(/^PARK_REQUESTED: .*no such customer$/),
        },
      ],
      moreParked: 0,
    })
    expect(JSON.stringify(found)).not.toContain('private')
  })

  it('tells no keys and no texts of errors to those whom they are not for', async () => {
    const store = postgresStore(lab.pool)
    await lab.pool.query('INSERT INTO pigeonhole.relay_shard (shard) VALUES (0)')
    const at = '2026-11-28T10:00:00.000Z'
    const error = { at, worker: 'host:7', code: 'BROKER_UNAVAILABLE', message: 'the text of customer-1' }
    await store.reportShard({ shard: 0, sent: 3, error })
    expect((await find(store, 'keys and errors')).errors).toMatchObject([
      { shard: 0, worker: 'host:7', at: Date.parse(at), message: 'the text of customer-1' },
    ])
    const found = await find(store, 'codes')
    expect(found).toMatchObject({ sent: 3, errors: [{ worker: 'host:7', code: 'BROKER_UNAVAILABLE' }] })
    expect(found.parked).toMatchObject([{ key: 'hidden', why: 'PARK_REQUESTED' }])
    expect(JSON.stringify(found)).not.toMatch(/customer/)
  })

  it('leaves out what the role of a relay may not read', async () => {
    const role = `page-${randomBytes(4).toString('hex')}`
    await lab.pool.query(`CREATE ROLE "${role}"`)
    for (const grant of grantsFor('relay', role)) await lab.pool.query(grant)
    const pool = new pg.Pool({ connectionString: lab.database.url, options: `-c role=${role}`, max: 1 })
    onTestFinished(async () => {
      await pool.end()
    })
    const found = await find(postgresStore(pool), 'keys and errors').finally(async () => {
      await lab.pool.query(`DROP OWNED BY "${role}"`)
      await lab.pool.query(`DROP ROLE "${role}"`)
    })
    expect(found).toMatchObject({ positions: null, parked: [] })
  })
})
