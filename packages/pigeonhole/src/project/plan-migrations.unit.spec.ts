import { renderMigrations } from '@pigeonhole/postgres'
import { describe, expect, it } from 'vitest'
import { type MigrationInput, planMigrations } from './plan-migrations.js'

const schema = 'pigeonhole'
const ours = await renderMigrations(schema)
const now = new Date('2026-12-24T18:00:00Z')
const users = { folder: '20260101000000_users_own', sql: 'CREATE TABLE x ()' }
const there = ours.map(({ name, sql }) => ({ folder: name, sql }))

const migrationsOf = (input: MigrationInput) => planMigrations(input).migrations

describe('a plan of migrations', () => {
  it('keeps their names where they sort last', () => {
    const plan = migrationsOf({ ours, present: [users], schema, now })
    expect(plan).toEqual(there.map((migration) => ({ ...migration, state: 'new' })))
  })

  it('names them behind what the project has, in their order', () => {
    const later = { folder: '20261201000000_users_latest', sql: '' }
    const folders = migrationsOf({ ours, present: [users, later], schema, now }).map(({ folder }) => folder)
    expect(folders).toEqual(folders.toSorted())
    expect(folders[0]).toBe('20261224180001_pigeonhole_init')
    expect(folders[1]).toBe('20261224180002_pigeonhole_shards_and_parking')
  })

  it('names them behind a migration of the future', () => {
    const future = { folder: '20310101000059_users_latest', sql: '' }
    const [first] = migrationsOf({ ours, present: [future], schema, now })
    expect(first?.folder).toBe('20310101000100_pigeonhole_init')
  })

  it('adds what a newer release has, behind what has come since', () => {
    const since = { folder: '20261201000000_users_latest', sql: '' }
    const plan = migrationsOf({ ours, present: [...there.slice(0, -1), since], schema, now })
    expect(plan.slice(0, -1).map(({ state }) => state)).toEqual(there.slice(0, -1).map(() => 'present'))
    expect(plan.at(-1)?.state).toBe('new')
    expect((plan.at(-1)?.folder ?? '') > since.folder).toBe(true)
  })

  it('knows them under another timestamp, and changes nothing the second time', () => {
    const present = there.map(({ folder, sql }) => ({ folder: folder.replace('2026', '2027'), sql }))
    const plan = migrationsOf({ ours, present, schema, now })
    expect(plan).toEqual(present.map((migration) => ({ ...migration, state: 'present' })))
  })

  it('leaves an edited one as it is', () => {
    const [first, ...rest] = there
    const edited = { folder: first?.folder ?? '', sql: `-- mine\n${first?.sql}` }
    expect(migrationsOf({ ours, present: [edited, ...rest], schema, now })[0]).toEqual({
      ...edited,
      state: 'changed',
    })
  })

  it('has the tables a second time, in another schema', async () => {
    const second = await renderMigrations('second')
    const plan = migrationsOf({ ours: second, present: there, schema: 'second', now })
    expect(plan.map(({ state }) => state)).toEqual(second.map(() => 'new'))
    expect(new Set([...there, ...plan].map(({ folder }) => folder)).size).toBe(there.length * 2)
  })

  it('refuses to put an earlier one behind a later one', () => {
    const gap = [...there.slice(0, 1), ...there.slice(2)]
    expect(() => migrationsOf({ ours, present: gap, schema, now })).toThrow(
      expect.objectContaining({
        code: 'MIGRATION_CONFLICT',
        message: expect.stringContaining('none with a name that ends in _pigeonhole_shards_and_parking,'),
      }),
    )
  })

  // By the rules of a language, as Prisma 7 has it, and by bytes.
  it.each([
    ['0_init', '20260901000000'],
    ['1_init', '20260901000000'],
    ['0001_init', '20260901000000'],
    ['1700000000_epoch', '20260901000000'],
    ['2027_year', '20280101000000'],
    ['20270101_day', '20270102000000'],
    ['20270101', '20270102000000'],
    ['2027-01-01_day', '20280101000000'],
    ['20270000000000_month_0', '20270000000001'],
    ['20271399999999_month_13', '20280131000000'],
    ['2027010100000099_longer', '20270101000001'],
    ['99991231235959_last', '99991231235960'],
    ['99991399999999_no_time', '99991400000000'],
  ])('names them behind %s', (folder, stamp) => {
    const plan = planMigrations({ ours, present: [users, { folder, sql: '' }], schema, now })
    const names = [folder, ...plan.migrations.map((migration) => migration.folder)]
    expect(names[1]).toBe(`${stamp}_pigeonhole_init`)
    expect(names.toSorted()).toEqual(names)
    expect(names.toSorted((one, other) => one.localeCompare(other))).toEqual(names)
    expect(plan.behindAll).toEqual([])
    const since = plan.migrations.slice(0, -1)
    const again = planMigrations({ ours, present: [{ folder, sql: '' }, ...since], schema, now })
    expect(again.migrations.map((migration) => migration.folder)).toEqual(names.slice(1))
  })

  it.each(['add_users', 'V1__users', '9_users', '99999999999999_users', 'ábc'])(
    'keeps them in their order where %s comes behind any timestamp, and says so',
    (folder) => {
      const plan = planMigrations({ ours, present: [users, { folder, sql: '' }], schema, now })
      expect(plan.migrations.map((migration) => migration.folder)).toEqual(ours.map(({ name }) => name))
      expect(plan.behindAll).toEqual([folder])
    },
  )
})
