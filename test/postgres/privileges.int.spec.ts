import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createIdempotency, createInbox, createOutbox, on, originCursor, topic } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, type TestDatabase } from '@pigeonhole/testing'
import type pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { quietPool } from './quiet-pool.js'

// Roles are the whole server's, so their names are this run's own.
const suffix = randomUUID().slice(0, 8)
const roles = {
  publisher: `publisher_${suffix}`,
  consumer: `consumer_${suffix}`,
  caller: `caller_${suffix}`,
  relay: `relay_${suffix}`,
  operator: `operator_${suffix}`,
}
const pools: pg.Pool[] = []

let database: TestDatabase
let owner: pg.Pool

/** The statements of docs/privileges.md, for this run's roles. */
function documentedGrants(): string {
  const page = readFileSync(new URL('../../docs/privileges.md', import.meta.url), 'utf8')
  const blocks = [...page.matchAll(/```sql\n([^`]*)```/g)].map(([, sql]) => sql)
  return blocks
    .join('\n')
    .replaceAll(
      /\b(publisher|consumer|caller|relay|operator)\b(?=[,;])/g,
      (role) => roles[role as keyof typeof roles],
    )
}

beforeAll(async () => {
  database = await createDatabase({ url: inject('databaseUrl') })
  owner = quietPool(database.url)
  await migrate({ pool: owner })
  for (const role of Object.values(roles)) await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
  await owner.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC')
})
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()))
  for (const role of Object.values(roles)) await owner.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  await owner.end()
  await database.drop()
})

function poolOf(role: string): pg.Pool {
  const url = new URL(database.url)
  url.username = role
  url.password = 'secret'
  const pool = quietPool(url.href)
  pools.push(pool)
  return pool
}

const orders = topic<{ readonly id: string }>('orders')

async function publish(): Promise<void> {
  const pool = poolOf(roles.publisher)
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await createOutbox({ store: postgresStore(pool) }).publish(
      client,
      orders,
      { id: '1' },
      { key: '1', ordered: true },
    )
    await client.query('COMMIT')
  } finally {
    client.release(true)
  }
}

async function handle(): Promise<void> {
  const parkedBackoff = { initialMs: 1, maxMs: 1 }
  const store = postgresStore(poolOf(roles.consumer))
  const inbox = createInbox({ store, name: 'billing', parkedBackoff })
  await inbox.checkSchema()
  const headers = [['message-id', Buffer.from('id-1')]] as const
  const delivery = { topic: 'orders', partition: 0, key: null, value: Buffer.from('{"id":"1"}'), headers }
  const binding = on(orders, () => undefined)
  await inbox.handle({ ...delivery, offset: 0n }, binding)
  await inbox.handle({ ...delivery, offset: 1n }, binding)
  const parked = { ...delivery, offset: 2n, key: Buffer.from('k'), headers: [] }
  await inbox.park(parked, { error: new Error('refused'), attempts: 1 })
  await inbox.handle({ ...parked, offset: 3n }, binding)
  const failing = on(orders, () => Promise.reject(new Error('refused')))
  await inbox.retryParked([failing])
  await store.retryInboxParked({ inbox: 'billing' })
  while (await inbox.retryParked([binding]));
  await inbox.park({ ...parked, offset: 4n }, { error: new Error('refused'), attempts: 1 })
  await store.listInboxParking('billing')
  await store.discardInboxParked({ inbox: 'billing' })
  await inbox.readPositions([{ topic: 'orders', partition: 0 }])
  await inbox.bindTopic('orders', 'id')
  const position = { topic: 'orders', partition: 0, offset: 9n }
  await inbox.claimPosition(position)
  await inbox.waitForTurn({ ...delivery, ...position })
  await inbox.waitForTurn({ ...delivery, ...position, partition: 1 })
  await inbox.startMessage(position)
  await inbox.endMessage(position)
  await inbox.finishMessage(position)
  await store.listPositions()
  await store.forgottenUntil('billing')
  await store.rewindPosition({ inbox: 'billing', topic: 'orders', partition: 0, from: 5n, to: 0n })
  await store.forgetMessages('billing', [{ scope: 'orders', id: 'id-1' }])
  await inbox.forgetOldIds({ keepMs: 0 })
}

async function answer(): Promise<void> {
  const idempotency = createIdempotency({
    store: postgresStore(poolOf(roles.caller)),
    expiresMs: 1,
    graceMs: 0,
  })
  await idempotency.checkSchema()
  for (const key of ['key-1', 'key-1', 'key-2'])
    await idempotency.run({ operation: 'POST /orders', key, input: '' }, async () => 'placed')
  await idempotency.forgetExpired()
}

async function relay(): Promise<void> {
  await postgresStore(poolOf(roles.relay)).checkServer()
}

async function adoptOutbox(): Promise<void> {
  const store = postgresStore(poolOf(roles.operator))
  await store.checkServer()
  await store.provideShards([{ first: 0, last: 255 }])
  const observed = await store.readLease(0)
  if (!observed) throw new Error('there is no shard 0')
  await store.takeLease({ shard: 0, holder: 'operator', observed })
  await store.changeToken({ shard: 0, holder: 'operator', token: 'token' })
  await store.guarded({ shard: 0, token: 'token', confirmed: 0 }, async (tx) => {
    await tx.readUnsettled({ cursor: originCursor, copied: true, after: '0', limit: 10 })
    await tx.readParkedOut()
    await tx.deleteParkedOut([])
    await tx.renumberMessages()
    await tx.replaceBatches({ number: 1, token: 'first', parent: null, cursor: originCursor })
    await tx.deleteMessages(['0'])
  })
}

it('without them each part is refused, with them each does its work', async () => {
  const denied = expect.objectContaining({ code: 'STORE_ACCESS_DENIED' })
  for (const work of [publish, handle, answer, relay, adoptOutbox])
    await expect(work()).rejects.toEqual(denied)
  await owner.query(documentedGrants())
  for (const work of [publish, handle, answer, relay, adoptOutbox])
    await expect(work()).resolves.toBeUndefined()
})
