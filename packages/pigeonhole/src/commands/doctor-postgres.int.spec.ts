import { randomBytes } from 'node:crypto'
import { originCursor } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, type PostgresServer, startPostgres, type TestDatabase } from '@pigeonhole/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { runCommand } from '../command-process.harness.js'
import { type Consultation, consult, sqlOf } from '../doctor-command.harness.js'

let database: TestDatabase
let owner: pg.Pool
let role: string

beforeEach(async () => {
  database = await createDatabase({ url: inject('databaseUrl') })
  owner = poolOf(database.url)
  await migrate({ pool: owner })
  role = `doctor_${randomBytes(4).toString('hex')}`
  await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`)
})
afterEach(async () => {
  await owner.end()
  await database.drop()
  const server = poolOf(inject('databaseUrl'))
  await server.query(`DROP ROLE ${role}`)
  await server.end()
})

function poolOf(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 3 })
  pool.on('error', () => undefined)
  return pool
}

function urlOf(user: string): string {
  const url = new URL(database.url)
  url.username = user
  url.password = 'secret'
  return url.href
}

function look(args: readonly string[] = [], url = database.url): Promise<Consultation> {
  return consult(args, { DATABASE_URL: url })
}

const broken = expect.objectContaining({ severity: 'broken' })
const risk = expect.objectContaining({ severity: 'risk' })
const note = expect.objectContaining({ severity: 'note' })

describe('pigeonhole doctor on PostgreSQL', () => {
  it('has little to say of a database as it is migrated', async () => {
    const { code, stdout, stderr } = await runCommand(['doctor'], { DATABASE_URL: database.url })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^PostgreSQL \S+ at \S+, schema pigeonhole, as role \w+\n {2}ok {6}18 checks\n\nNothing is broken or at risk\.\n$/,
    )
  })

  it('never prints a password', async () => {
    const url = urlOf(role)
    await owner.query(`ALTER ROLE ${role} NOLOGIN`)
    for (const args of [[], ['--json'], ['--verbose']]) {
      const { code, stdout, stderr } = await runCommand(['doctor', ...args], { DATABASE_URL: url })
      expect(code).toBe(4)
      expect(stdout).toContain('postgres-reachable')
      expect(stdout + stderr).not.toContain('secret')
    }
  })

  it('names settings of the database', async () => {
    const set = {
      synchronous_commit: 'off',
      default_transaction_isolation: 'serializable',
      // Short for a relay, and long enough for a doctor on a busy machine.
      transaction_timeout: '7s',
      idle_session_timeout: '9s',
      default_transaction_read_only: 'on',
    }
    const statements = Object.entries(set).map(
      ([name, value]) => `ALTER DATABASE ${database.name} SET ${name} = '${value}'`,
    )
    await owner.query(`${statements.join(';')}; ALTER DATABASE ${database.name} CONNECTION LIMIT 5`)
    const { code, findings } = await look()
    expect(code).toBe(4)
    expect(findings).toEqual({
      'synchronous-commit': [risk],
      'read-only': [broken],
      isolation: [note],
      'session-timeouts': [risk, risk],
      connections: [risk],
    })
    expect(findings['connections']?.[0]?.is).toMatch(/of the 5 connections that the database allows/)
  })

  it('ends with 5 where there are risks alone', async () => {
    await owner.query(`ALTER ROLE ${role} SET synchronous_commit = off`)
    expect(await look()).toMatchObject({ code: 0, findings: {} })
    await owner.query(`GRANT USAGE ON SCHEMA pigeonhole TO ${role}`)
    const { code, findings } = await look()
    expect(code).toBe(5)
    expect(findings).toEqual({ 'synchronous-commit': [risk] })
    await owner.query(sqlOf(findings['synchronous-commit']))
    expect((await look()).findings).toEqual({})
  })

  it('names what is wrong with the tables, in SQL that mends it', async () => {
    await owner.query(`
      ALTER TABLE pigeonhole.outbox_message ALTER COLUMN seq SET CACHE 20 SET CYCLE;
      ALTER TABLE pigeonhole.inbox_claim SET UNLOGGED;
      ALTER TABLE pigeonhole.paused_topic ENABLE ROW LEVEL SECURITY;
      ALTER TABLE pigeonhole.inbox_position ENABLE ROW LEVEL SECURITY`)
    const { code, findings } = await look(['--consumer', role])
    expect(code).toBe(4)
    expect(findings).toMatchObject({
      sequence: [{ severity: 'broken', is: expect.stringContaining('CACHE 20, CYCLE') }],
      'logged-tables': [{ severity: 'broken', is: 'UNLOGGED: inbox_claim' }],
      'row-security': [
        { severity: 'broken', is: expect.stringContaining(`inbox_position, paused_topic from role ${role}`) },
      ],
      privileges: [broken],
    })
    for (const found of Object.values(findings)) await owner.query(sqlOf(found))
    expect(await look(['--consumer', role])).toMatchObject({ code: 0, findings: {} })
  })

  it.each(['relay', 'publisher', 'consumer', 'caller', 'operator', 'owner'])(
    'names the grants that are missing to the %s, in SQL that gives them',
    async (part) => {
      const { findings } = await look([`--${part}`, role])
      expect(findings).toEqual({ privileges: [broken] })
      await owner.query(sqlOf(findings['privileges']))
      expect((await look([`--${part}`, role])).findings).toEqual({})
      await owner.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}`)
    },
  )

  it('takes the role that connects for the relay, and looks as far as that one sees', async () => {
    const before = await look([], urlOf(role))
    expect(before.findings).toEqual({ privileges: [broken] })
    for (const check of ['schema-version', 'relay-identity', 'xid-horizon'])
      expect(before.examinations.get(check)).toMatchObject({ outcome: 'unexamined' })
    await owner.query(sqlOf(before.findings['privileges']))
    const after = await look([], urlOf(role))
    expect(after).toMatchObject({ code: 0, findings: {} })
    expect(after.examinations.get('schema-version')).toMatchObject({ outcome: 'well' })
    await owner.query(`DROP OWNED BY ${role}`)
  })

  it('says that a role is not there', async () => {
    const { findings } = await look(['--caller', 'nobody_of_that_name'])
    expect(findings).toMatchObject({
      privileges: [{ is: expect.stringContaining('no role nobody_of_that_name') }],
    })
  })

  it('tells tables that are missing, older and newer', async () => {
    expect((await look(['--schema', 'elsewhere'])).findings).toEqual({ 'schema-version': [broken] })
    await owner.query('DELETE FROM pigeonhole.schema_version WHERE version > 4')
    expect((await look()).findings).toMatchObject({
      'schema-version': [{ is: expect.stringContaining('version 4') }],
    })
    await owner.query(`INSERT INTO pigeonhole.schema_version (version, migration) VALUES (99, 'later')`)
    expect(await look()).toMatchObject({ code: 0, findings: { 'schema-version': [{ severity: 'note' }] } })
  })

  it('tells an outbox of another relay, and one that was copied', async () => {
    const store = postgresStore(owner)
    await store.provideShards([{ first: 0, last: 255 }])
    await store.seizeLease({ shard: 0, holder: 'h' })
    await store.changeToken({ shard: 0, holder: 'h', token: 't' })
    await store.guarded({ shard: 0, token: 't', confirmed: 0 }, async (tx) => {
      await tx.writeIdentity({ relay: 'orders', clusterId: 'c', systemIdentifier: '1' })
      await tx.insertBatch({ number: 0, token: 'b', parent: null, cursor: originCursor })
    })
    const { findings } = await look(['--name', 'payments'])
    expect(findings).toEqual({ 'relay-identity': [broken, broken] })
    expect(findings['relay-identity']?.map(({ is }) => is).join()).toMatch(
      /relayed as "orders".*system 1, and this is \d+/,
    )
  })

  it('names the transaction that holds the oldest id', async () => {
    const client = await owner.connect()
    await client.query(`SET application_name = 'monthly report'; BEGIN; SELECT pg_current_xact_id()`)
    const { code, findings } = await look(['--long-transaction-ms', '0'])
    expect(code).toBe(5)
    expect(findings).toMatchObject({
      'xid-horizon': [{ severity: 'risk', is: expect.stringContaining('monthly report') }],
    })
    await client.query('ROLLBACK')
    client.release()
  })

  it.each([
    [120_000, 'risk', 'behind'],
    [-7_200_000, 'broken', 'ahead of'],
  ])('tells clocks that are %i ms apart', async (ms, severity, place) => {
    const shift = encodeURIComponent(`const now = Date.now; Date.now = () => now() + ${ms}`)
    const { findings } = await consult([], {
      DATABASE_URL: database.url,
      NODE_OPTIONS: `--import=data:text/javascript,${shift}`,
    })
    expect(findings).toMatchObject({ 'database-clock': [{ severity, is: expect.stringContaining(place) }] })
  })
})

describe('pigeonhole doctor on a PostgreSQL server of its own', () => {
  let server: PostgresServer
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    autovacuum: 'off',
    synchronous_commit: 'off',
    max_connections: '13',
    max_prepared_transactions: '1',
  }

  beforeAll(async () => {
    server = await startPostgres({ sources: ['docker', 'embedded'], settings })
    await migrate({ connectionString: server.url })
  })
  afterAll(() => server.stop())

  it('names what the server is set to', async () => {
    const { code, findings } = await consult([], { DATABASE_URL: server.url })
    expect(code).toBe(4)
    expect(findings).toEqual({
      'crash-safety': [broken, broken],
      'synchronous-commit': [risk],
      autovacuum: [risk],
      connections: [risk],
    })
  })

  it('names a prepared transaction', async () => {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query(`BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'forgotten'`)
    const { findings } = await consult(['--long-transaction-ms', '0'], { DATABASE_URL: server.url })
    expect(findings).toMatchObject({
      'xid-horizon': [{ fix: expect.stringContaining(`COMMIT PREPARED 'forgotten'`) }],
    })
    await client.query(`ROLLBACK PREPARED 'forgotten'`)
    await client.end()
  })

  it('knows a standby', async () => {
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => undefined)
    await client.connect()
    // A superuser may write where the server keeps its files: with this one there it starts as a standby.
    await client.query(`DO $$ BEGIN
      EXECUTE format('COPY (SELECT 1) TO %L', current_setting('data_directory') || '/standby.signal');
    END $$`)
    await client.end()
    await server.restart()
    const { code, findings } = await consult([], { DATABASE_URL: server.url })
    expect(code).toBe(4)
    expect(findings).toMatchObject({ 'postgres-standby': [{ severity: 'broken' }] })
    expect(findings).not.toHaveProperty('read-only')
  })
})
