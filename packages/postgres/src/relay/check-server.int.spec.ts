import { randomUUID } from 'node:crypto'
import type { Lease } from '@pigeonhole/core'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { postgresStore } from '../pg/postgres-store.js'
import { requiredSchemaVersion } from '../schema/check-schema-version.js'
import { SpecDatabase } from '../spec-database.fake.js'

let database: SpecDatabase
let asRole: pg.Pool
const role = `role_${randomUUID().slice(0, 8)}`

beforeAll(async () => {
  database = await SpecDatabase.create()
  await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
  asRole = new pg.Pool({ connectionString: database.urlOf(role, 'secret') })
})
afterAll(async () => {
  await asRole.end()
  await database.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
  await database.drop()
})

it('passes a role that owns everything', async () => {
  await expect(postgresStore(database.pool).checkServer()).resolves.toBeUndefined()
})

it('names the GRANTs that a role lacks, and they are the right ones', async () => {
  const store = postgresStore(asRole)
  await expect(store.checkServer()).rejects.toMatchObject({
    code: 'STORE_ACCESS_DENIED',
    message: expect.stringContaining('permission denied for schema pigeonhole'),
  })
  const owner = database.pool
  await owner.query(`GRANT USAGE ON SCHEMA pigeonhole TO ${role}`)
  await owner.query(`GRANT SELECT ON pigeonhole.schema_version TO ${role}`)
  await owner.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC')
  const { message } = await store.checkServer().then(
    () => Promise.reject(new Error('it passed')),
    (error: Error) => error,
  )
  const grants = message.slice(message.indexOf('GRANT'))
  expect(grants).toContain(`GRANT EXECUTE ON FUNCTION pg_control_system() TO ${role}`)
  expect(grants).toContain(`GRANT DELETE ON "pigeonhole".outbox_message TO ${role}`)
  await owner.query(grants)
  await expect(store.checkServer()).resolves.toBeUndefined()
  await expect(walkThrough(store)).resolves.toBe('relay')
})

// All that a relay does, with no more than the GRANTs asked for.
async function walkThrough(store: ReturnType<typeof postgresStore>): Promise<string | undefined> {
  const holder = 'holder'
  await store.provideShards([{ first: 0, last: 255 }])
  const observed = (await store.readLease(0)) as Lease
  await store.takeLease({ shard: 0, holder, observed })
  await store.renewLease({ shard: 0, holder })
  await store.changeToken({ shard: 0, holder, token: 'token' })
  await store.guarded({ shard: 0, token: 'token', confirmed: 0 }, async (tx) => {
    const { systemIdentifier } = await tx.readFacts()
    const cursor = { from: '1:1:', until: null, lastSeq: '0' }
    await tx.writeIdentity({ relay: 'relay', clusterId: 'cluster', systemIdentifier })
    await tx.writeIdentity({ relay: 'relay', clusterId: 'cluster', systemIdentifier })
    await tx.insertBatch({ number: 0, token: 'batch', parent: null, cursor })
    await tx.readPage(cursor, { maxRows: 1, maxBytes: 1 })
    await tx.deleteOtherBatches(null)
  })
  await store.readStatus()
  await store.releaseLease({ shard: 0, holder })
  return (await store.readIdentity()).recorded?.relay
}

it('tells missing tables from old ones, and takes newer ones', async () => {
  const missing = postgresStore(database.pool, { schema: 'elsewhere' })
  await expect(missing.checkServer()).rejects.toMatchObject({
    code: 'SCHEMA_MISSING',
    details: { schema: 'elsewhere' },
    message: expect.stringContaining('pigeonhole migrate'),
  })
  const store = postgresStore(database.pool)
  await database.pool.query('UPDATE pigeonhole.schema_version SET version = version + 1000')
  await expect(store.checkServer()).resolves.toBeUndefined()
  await database.pool.query('DELETE FROM pigeonhole.schema_version')
  await expect(store.checkServer()).rejects.toMatchObject({
    code: 'SCHEMA_OUTDATED',
    details: { schema: 'pigeonhole', found: 0, needed: requiredSchemaVersion },
  })
  await expect(store.checkSchema()).rejects.toMatchObject({ code: 'SCHEMA_OUTDATED' })
})
