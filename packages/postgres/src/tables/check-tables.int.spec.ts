import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../migrations/migrate.js'
import { requiredSchemaVersion } from '../schema/check-schema-version.js'
import { SpecDatabase } from '../spec-database.fake.js'
import { checkTables } from './check-tables.js'

const needed = requiredSchemaVersion
let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create({ tables: false })
})
afterEach(async () => void (await database.pool.query('DROP SCHEMA IF EXISTS "Other_1" CASCADE')))
afterAll(() => database.drop())

const check = () => checkTables({ pool: database.pool, schema: 'Other_1' })

describe('checkTables', () => {
  it('finds no tables where there are none', async () => {
    expect(await check()).toEqual({ version: 0, needed, missing: [], unexpected: [] })
  })

  it('finds nothing wrong with what the migrations make, in any schema', async () => {
    await migrate({ pool: database.pool, schema: 'Other_1' })
    expect(await check()).toEqual({ version: needed, needed, missing: [], unexpected: [] })
  })

  it.each([
    [
      'a column of another type',
      'ALTER TABLE "Other_1".inbox_position ALTER partition TYPE bigint',
      ['inbox_position column partition integer not null'],
      ['inbox_position column partition bigint not null'],
    ],
    [
      'an index that is gone',
      'DROP INDEX "Other_1".inbox_message_inbox_received_at_idx',
      [
        'inbox_message CREATE INDEX inbox_message_inbox_received_at_idx ON inbox_message USING btree (inbox, received_at)',
      ],
      [],
    ],
    [
      'an index that was given up half built',
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"Other_1".inbox_message_inbox_received_at_idx'::regclass`,
      [
        'inbox_message CREATE INDEX inbox_message_inbox_received_at_idx ON inbox_message USING btree (inbox, received_at)',
      ],
      [
        'inbox_message CREATE INDEX inbox_message_inbox_received_at_idx ON inbox_message USING btree (inbox, received_at) (not valid)',
      ],
    ],
    [
      'a trigger of somebody',
      `CREATE FUNCTION "Other_1".nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
       CREATE TRIGGER audit AFTER INSERT ON "Other_1".inbox_message EXECUTE FUNCTION "Other_1".nothing()`,
      [],
      ['inbox_message trigger audit', 'nothing function nothing'],
    ],
  ])('tells of %s', async (_, change, missing, unexpected) => {
    await migrate({ pool: database.pool, schema: 'Other_1' })
    await database.pool.query(change)
    const report = await check()
    const tell = (lines: typeof report.missing) => lines.map(({ object, line }) => `${object} ${line}`)
    expect({ missing: tell(report.missing), unexpected: tell(report.unexpected) }).toEqual({
      missing,
      unexpected,
    })
  })

  it("compares nothing where the tables are another release's", async () => {
    await migrate({ pool: database.pool, schema: 'Other_1' })
    await database.pool.query('DROP TABLE "Other_1".idempotency_key')
    for (const version of [needed + 1, needed - 1]) {
      await database.pool.query('DELETE FROM "Other_1".schema_version')
      await database.pool.query(`INSERT INTO "Other_1".schema_version VALUES (${version}, 'another')`)
      expect(await check()).toEqual({ version, needed, missing: [], unexpected: [] })
    }
  })
})
