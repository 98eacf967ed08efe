import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { prismaStore } from './prisma-store.js'

/** As much of a Prisma client as the store calls. */
function clientWhere($transaction: (work: (tx: unknown) => Promise<unknown>) => Promise<unknown>) {
  return { $transaction, $extends: () => ({ $transaction }) } as {
    $transaction(work: (tx: object) => Promise<unknown>): Promise<unknown>
    readonly $extends: unknown
  }
}

const tx = { $queryRawUnsafe: async () => [] }

describe('a transaction', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('ends for its caller although COMMIT is never answered', async () => {
    const never = new Promise<never>(() => undefined)
    const client = clientWhere(async (work) => {
      await work(tx)
      return never
    })
    const attempt = prismaStore(client).transaction({ timeoutMs: 1_000 }, async () => 'done')
    const outcome = expect(attempt).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
    await vi.advanceTimersByTimeAsync(21_000)
    await outcome
  })

  it.each([
    ['of the socket', Object.assign(new Error('write EPROTO'), { code: 'EPROTO' })],
    ['without a code', new Error('the stream was destroyed')],
  ])('has an outcome that is not known where COMMIT ends in an error %s', async (_, broken) => {
    const client = clientWhere(async (work) => {
      await work(tx)
      throw broken
    })
    const attempt = prismaStore(client).transaction({ timeoutMs: 1_000 }, async () => 'done')
    await expect(attempt).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: broken })
    await expect(attempt).rejects.toThrow('may or may not have taken effect')
  })

  it('passes the refusal of a COMMIT, which is known', async () => {
    const cause = { originalCode: '23505', originalMessage: 'duplicate key' }
    const refused = Object.assign(new Error('refused'), { name: 'DriverAdapterError', cause })
    const client = clientWhere(async (work) => {
      await work(tx)
      throw refused
    })
    const attempt = prismaStore(client).transaction({ timeoutMs: 1_000 }, async () => 'done')
    await expect(attempt).rejects.toBe(refused)
  })

  it('ends for its caller although the work never does', async () => {
    const client = clientWhere((work) => work(tx))
    const attempt = prismaStore(client).transaction({ timeoutMs: 1_000 }, () => new Promise(() => undefined))
    const outcome = expect(attempt).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await vi.advanceTimersByTimeAsync(1_000)
    await outcome
  })
})

describe('the options', () => {
  const client = clientWhere(async () => undefined)

  it('name the nearest one to a misspelt one', () => {
    expect(() => prismaStore(client, { shema: 'x' } as object)).toThrow(/Did you mean "schema"/)
  })

  it('refuse a schema name that is not safe to write', () => {
    expect(() => prismaStore(client, { schema: 'a"b' })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', details: { option: 'schema' } }),
    )
  })
})
