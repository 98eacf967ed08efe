import { renderMigrations } from '@pigeonhole/postgres'
import { describe, expect, it } from 'vitest'
import { planMigrations } from './plan-migrations.js'

const schema = 'pigeonhole'
const ours = await renderMigrations(schema)
const now = new Date('2026-12-24T18:00:00Z')
const users = { folder: '20260101000000_users_own', sql: 'CREATE TABLE x ()' }
const there = ours.map(({ name, sql }) => ({ folder: name, sql }))

describe('a plan of migrations', () => {
  it('keeps their names where they sort last', () => {
    const plan = planMigrations({ ours, present: [users], schema, now })
    expect(plan).toEqual(there.map((migration) => ({ ...migration, state: 'new' })))
  })

  it('names them behind what the project has, in their order', () => {
    const later = { folder: '20261201000000_users_latest', sql: '' }
    const folders = planMigrations({ ours, present: [users, later], schema, now }).map(({ folder }) => folder)
    expect(folders).toEqual(folders.toSorted())
    expect(folders[0]).toBe('20261224180001_pigeonhole_init')
    expect(folders[1]).toBe('20261224180002_pigeonhole_shards_and_parking')
  })

  it('names them behind a migration of the future', () => {
    const future = { folder: '20310101000059_users_latest', sql: '' }
    const [first] = planMigrations({ ours, present: [future], schema, now })
    expect(first?.folder).toBe('20310101000100_pigeonhole_init')
  })

  it('adds what a newer release has, behind what has come since', () => {
    const since = { folder: '20261201000000_users_latest', sql: '' }
    const plan = planMigrations({ ours, present: [...there.slice(0, -1), since], schema, now })
    expect(plan.slice(0, -1).map(({ state }) => state)).toEqual(there.slice(0, -1).map(() => 'present'))
    expect(plan.at(-1)?.state).toBe('new')
    expect((plan.at(-1)?.folder ?? '') > since.folder).toBe(true)
  })

  it('knows them under another timestamp, and changes nothing the second time', () => {
    const present = there.map(({ folder, sql }) => ({ folder: folder.replace('2026', '2027'), sql }))
    const plan = planMigrations({ ours, present, schema, now })
    expect(plan).toEqual(present.map((migration) => ({ ...migration, state: 'present' })))
  })

  it('leaves an edited one as it is', () => {
    const [first, ...rest] = there
    const edited = { folder: first?.folder ?? '', sql: `-- mine\n${first?.sql}` }
    expect(planMigrations({ ours, present: [edited, ...rest], schema, now })[0]).toEqual({
      ...edited,
      state: 'changed',
    })
  })

  it('has the tables a second time, in another schema', async () => {
    const second = await renderMigrations('second')
    const plan = planMigrations({ ours: second, present: there, schema: 'second', now })
    expect(plan.map(({ state }) => state)).toEqual(second.map(() => 'new'))
    expect(new Set([...there, ...plan].map(({ folder }) => folder)).size).toBe(there.length * 2)
  })

  it('refuses to put an earlier one behind a later one', () => {
    const gap = [...there.slice(0, 1), ...there.slice(2)]
    expect(() => planMigrations({ ours, present: gap, schema, now })).toThrow(
      expect.objectContaining({
        code: 'MIGRATION_CONFLICT',
        message: expect.stringContaining('none with a name that ends in _pigeonhole_shards_and_parking,'),
      }),
    )
  })
})
