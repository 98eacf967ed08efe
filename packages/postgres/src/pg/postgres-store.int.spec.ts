import { once } from 'node:events'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import { postgresStore } from './postgres-store.js'

let database: SpecDatabase

beforeAll(async () => {
  database = await SpecDatabase.create()
  await database.pool.query(
    "CREATE TABLE invoice (id text PRIMARY KEY); INSERT INTO invoice VALUES ('a'), ('b')",
  )
})
afterAll(() => database.drop())

const bounds = { timeoutMs: 10_000 }

function inTransaction<R>(work: (client: pg.ClientBase) => Promise<R>): Promise<R> {
  return postgresStore(database.pool).transaction(bounds, work)
}

describe("a handler's transaction", () => {
  it('that loses a deadlock in statements of the handler is a conflict, and the other one commits', async () => {
    let arrived = 0
    const lockBoth = (ids: readonly string[]) =>
      inTransaction(async (client) => {
        for (const id of ids) {
          await client.query('SELECT FROM invoice WHERE id = $1 FOR UPDATE', [id])
          arrived += 1
          await expect.poll(() => arrived).toBeGreaterThanOrEqual(2)
        }
      })
    const outcomes = await Promise.allSettled([lockBoth(['a', 'b']), lockBoth(['b', 'a'])])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const lost = outcomes.find((outcome) => outcome.status === 'rejected')
    expect(lost?.reason).toMatchObject({ code: 'STORE_CONFLICT', retryable: true, cause: { code: '40P01' } })
  })

  it('passes a violation of the handler as node-postgres throws it', async () => {
    const violation = inTransaction((client) => client.query("INSERT INTO invoice VALUES ('a')"))
    await expect(violation).rejects.toMatchObject({ name: 'error', code: '23505' })
  })

  it('is not usable once a statement in it has failed, whether the client knows or PostgreSQL is asked', async () => {
    const { isUsable } = postgresStore(database.pool)
    const seen: boolean[] = []
    const transaction = inTransaction(async (client) => {
      const known = once(client, 'drain')
      await client.query('SELECT 1 / 0').catch(() => undefined)
      await known
      const unknowing = { query: client.query.bind(client) } as unknown as pg.ClientBase
      seen.push(await isUsable(client), await isUsable(unknowing))
    })
    await expect(transaction).rejects.toThrow('answered COMMIT with ROLLBACK')
    expect(seen).toEqual([false, false])
  })

  it.each(['COMMIT', 'ROLLBACK'])(
    'is not usable any more once the handler itself has ended it by %s',
    async (end) => {
      const seen: boolean[] = []
      await inTransaction(async (client) => {
        await client.query(end)
        seen.push(await postgresStore(database.pool).isUsable(client))
      })
      expect(seen).toEqual([false])
    },
  )
})

describe('the options', () => {
  it('name the nearest one to a misspelt one', () => {
    expect(() => postgresStore(database.pool, { shema: 'x' } as object)).toThrow(/Did you mean "schema"/)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuse %d as a time limit', (relayTimeoutMs) => {
    expect(() => postgresStore(database.pool, { relayTimeoutMs })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'relayTimeoutMs' } }),
    )
  })

  it('refuse a schema name that is not safe to write', () => {
    expect(() => postgresStore(database.pool, { schema: 'a"; DROP' })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'schema' } }),
    )
  })
})
