import { expect, it } from 'vitest'
import { requiredSchemaVersion } from '../schema/check-schema-version.js'
import { renderMigrations } from './render.js'

it('numbers the migrations by their names, as each records itself, and needs the last', async () => {
  const migrations = await renderMigrations('pigeonhole')
  for (const [index, { version, name, sql }] of migrations.entries()) {
    expect(version).toBe(index + 1)
    expect(sql).toContain(`VALUES (${version}, '${name}')`)
  }
  expect(requiredSchemaVersion).toBe(migrations.length)
})
