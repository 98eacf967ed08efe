import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { createDatabase } from './create-database.js'

const url = inject('databaseUrl')

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('copies its template and is gone after drop', async () => {
  const template = await createDatabase({ url })
  await query(template.url, 'CREATE TABLE seen (n int); INSERT INTO seen VALUES (7)')
  const copy = await createDatabase({ url, template: template.name })
  expect(await query(copy.url, 'SELECT n FROM seen')).toEqual([{ n: 7 }])

  await copy.drop()
  await copy.drop()
  await template.drop()
  const left = await query(
    url,
    `SELECT 1 FROM pg_database WHERE datname IN ('${copy.name}', '${template.name}')`,
  )
  expect(left).toEqual([])
})

test('drop ends the sessions that are still in it', async () => {
  const database = await createDatabase({ url, name: `pigeonhole "quoted" ${Date.now()}` })
  const client = new pg.Client({ connectionString: database.url })
  // The first of its errors tells; a second one follows when the connection closes.
  const ended = new Promise<Error>((resolve) => client.on('error', resolve))
  await client.connect()

  await database.drop()
  expect(await ended).toMatchObject({ code: '57P01' })
})
