import { randomUUID } from 'node:crypto'
import {
  deriveKey,
  isPigeonholeError,
  type OperationRequest,
  PigeonholeError,
  refuse,
} from '@pigeonhole/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LabKind, OperationLab } from './operation-lab.js'
import { placed } from './placed.js'

/** What an operation promises, whichever client its service has. */
export function describeOperations<Tx>(kind: LabKind<Tx>): void {
  describe(`an operation through ${kind.name}`, () => {
    let lab: OperationLab<Tx>
    beforeAll(async () => {
      lab = await OperationLab.open(kind)
    })
    afterAll(() => lab[Symbol.asyncDispose]())

    const request = (given: Partial<OperationRequest> = {}): OperationRequest => {
      const key = randomUUID()
      return { operation: 'POST /orders', key, input: key, ...given }
    }

    /** Runs an operation that places an order of the key's name and tells of it. */
    const place = (asked: OperationRequest, id = asked.key as string) =>
      lab.idempotency().run(asked, async ({ tx, publish }) => {
        await lab.place(tx, id)
        await publish(placed, { id })
        return { id, at: randomUUID() }
      })

    it('takes effect once, and each repeat gets the same result', async () => {
      const asked = request()
      const first = await place(asked)
      const again = await place(asked)
      expect(first).toEqual({ replayed: false, result: { id: asked.key, at: expect.any(String) } })
      expect(again).toEqual({ replayed: true, result: first.result })
      expect(await lab.countsOf(asked.key as string)).toEqual({ orders: 1, messages: 1 })
    })

    it('gives the first attempt what JSON makes of its result, too', async () => {
      const asked = request()
      const idempotency = lab.idempotency()
      const run = () => idempotency.run<unknown>(asked, async () => ({ at: new Date(0), none: undefined }))
      expect((await run()).result).toEqual({ at: '1970-01-01T00:00:00.000Z' })
      expect((await run()).result).toEqual({ at: '1970-01-01T00:00:00.000Z' })
      const nothing = request()
      const runNothing = () => idempotency.run(nothing, async () => undefined)
      expect(await runNothing()).toEqual({ replayed: false, result: undefined })
      expect(await runNothing()).toEqual({ replayed: true, result: undefined })
    })

    it('derives keys for what it does elsewhere from its own scope', async () => {
      const asked = request({ tenant: 'a' })
      const { result } = await lab
        .idempotency()
        .run(asked, async (context) => [context.deriveKey('charge'), context.deriveKey('ship', 'line-7')])
      expect(result).toEqual([deriveKey(asked, 'charge'), deriveKey(asked, 'ship', 'line-7')])
    })

    it('is refused for another attempt that runs, and for another input', async () => {
      const asked = request()
      const idempotency = lab.idempotency()
      const rejections: string[] = []
      idempotency.on('key:rejected', ({ because }) => rejections.push(because))
      await idempotency.run(asked, async () => {
        await expect(idempotency.run(asked, async () => 1)).rejects.toMatchObject({
          code: 'KEY_RUNNING',
          retryable: true,
        })
        return 0
      })
      const other = idempotency.run({ ...asked, input: 'other' }, async () => 2)
      await expect(other).rejects.toMatchObject({ code: 'KEY_REUSED', retryable: false })
      expect(rejections).toEqual(['running', 'reused'])
      expect((await idempotency.run(asked, async () => 3)).result).toBe(0)
    })

    it('tells parts of an input apart', async () => {
      const asked = request({ input: ['ab', 'c'] })
      const idempotency = lab.idempotency()
      await idempotency.run(asked, async () => 1)
      const otherwise = idempotency.run({ ...asked, input: ['a', 'bc'] }, async () => 2)
      await expect(otherwise).rejects.toMatchObject({ code: 'KEY_REUSED' })
      const bytes = { ...asked, input: [Buffer.from('ab'), Buffer.from('c')] }
      expect((await idempotency.run(bytes, async () => 3)).replayed).toBe(true)
    })

    it('is apart from that of another tenant, who never sees its result', async () => {
      const asked = request({ tenant: 'a', input: 'same' })
      const idempotency = lab.idempotency()
      await idempotency.run(asked, async () => 'secret of a')
      const other = await idempotency.run({ ...asked, tenant: 'b' }, async () => 'of b')
      expect(other).toEqual({ replayed: false, result: 'of b' })
    })

    it('that throws leaves no trace, and the next attempt runs it again', async () => {
      const asked = request()
      const thrown = Object.freeze(new TypeError('of the handler'))
      const idempotency = lab.idempotency()
      const failing = idempotency.run(asked, async ({ tx, publish }) => {
        await lab.place(tx, asked.key as string)
        await publish(placed, { id: asked.key as string })
        throw thrown
      })
      await expect(failing).rejects.toBe(thrown)
      expect(await lab.countsOf(asked.key as string)).toEqual({ orders: 0, messages: 0 })
      expect(await lab.hasKey(asked.key as string)).toBe(false)
      expect((await place(asked)).replayed).toBe(false)
      expect(await lab.countsOf(asked.key as string)).toEqual({ orders: 1, messages: 1 })
    })

    it('that is refused has no effect, and each repeat is refused alike', async () => {
      const asked = request()
      const idempotency = lab.idempotency()
      const told: boolean[] = []
      idempotency.on('operation:answered', ({ refused }) => told.push(refused))
      let runs = 0
      const run = () =>
        idempotency.run(asked, async ({ tx, publish }) => {
          runs += 1
          await lab.place(tx, asked.key as string)
          await publish(placed, { id: asked.key as string })
          return refuse({ reason: 'out of stock' })
        })
      expect(await run()).toEqual({ replayed: false, result: { reason: 'out of stock' } })
      expect(await run()).toEqual({ replayed: true, result: { reason: 'out of stock' } })
      expect(runs).toBe(1)
      expect(told).toEqual([true])
      expect(await lab.countsOf(asked.key as string)).toEqual({ orders: 0, messages: 0 })
    })

    it('may be refused for an error of a statement that it has caught', async () => {
      const taken = randomUUID()
      await place(request(), taken)
      const asked = request()
      const run = () =>
        lab.idempotency().run(asked, async ({ tx }) => {
          await lab.place(tx, randomUUID())
          try {
            await lab.place(tx, taken)
          } catch {
            return refuse('the name is taken')
          }
          return 'placed'
        })
      expect(await run()).toEqual({ replayed: false, result: 'the name is taken' })
      expect(await run()).toEqual({ replayed: true, result: 'the name is taken' })
    })

    it('may not go on behind such an error as if nothing were', async () => {
      const taken = randomUUID()
      await place(request(), taken)
      const asked = request()
      const failing = lab.idempotency().run(asked, async ({ tx }) => {
        await lab.place(tx, taken).catch(() => undefined)
        return 'placed'
      })
      await expect(failing).rejects.toMatchObject({
        code: 'HANDLER_SWALLOWED_ERROR',
        details: { operation: 'POST /orders' },
      })
      expect((await place(asked)).replayed).toBe(false)
    })

    it('may go back to a savepoint, and leave one open: it is the same transaction', async () => {
      const asked = request()
      const [id, other] = [asked.key as string, randomUUID()]
      const run = () =>
        lab.idempotency().run(asked, async ({ tx, publish }) => {
          await lab.client.sql(tx, 'SAVEPOINT tried')
          await lab.place(tx, other)
          await publish(placed, { id: other })
          await lab.client.sql(tx, 'ROLLBACK TO SAVEPOINT tried')
          await lab.client.sql(tx, 'SAVEPOINT left_open')
          await lab.place(tx, id)
          await publish(placed, { id })
          return 'placed'
        })
      expect(await run()).toEqual({ replayed: false, result: 'placed' })
      expect(await run()).toEqual({ replayed: true, result: 'placed' })
      expect(await lab.countsOf(id)).toEqual({ orders: 1, messages: 1 })
      expect(await lab.countsOf(other)).toEqual({ orders: 0, messages: 0 })
    })

    it('may not end its transaction itself', async () => {
      const asked = request()
      const failing = lab.idempotency().run(asked, async ({ tx }) => {
        await lab.client.sql(tx, 'ROLLBACK')
        return 'placed'
      })
      await expect(failing).rejects.toMatchObject({ code: 'HANDLER_SWALLOWED_ERROR' })
      expect((await place(asked)).replayed).toBe(false)
    })

    it('may not commit its transaction itself: nobody would know what its answer was', async () => {
      const asked = request()
      const failing = lab.idempotency().run(asked, async ({ tx }) => {
        await lab.client.sql(tx, 'COMMIT')
        return 'placed'
      })
      await expect(failing).rejects.toMatchObject({ code: 'HANDLER_SWALLOWED_ERROR' })
    })

    it('that breaks a constraint at COMMIT has no effect', async () => {
      const taken = randomUUID()
      await place(request(), taken)
      const asked = request()
      const failing = lab.idempotency().run(asked, async ({ tx }) => {
        await lab.client.sql(tx, 'SET CONSTRAINTS ALL DEFERRED')
        await lab.place(tx, randomUUID(), taken)
        return 'placed'
      })
      await expect(failing).rejects.toThrow()
      expect((await place(asked)).replayed).toBe(false)
    })

    it('is done again at once when it has lost a conflict', async () => {
      const asked = request()
      const idempotency = lab.idempotency()
      let attempts = 0
      const conflict = new PigeonholeError('STORE_CONFLICT', { message: 'deadlock', details: {} })
      const { result } = await idempotency.run(asked, async ({ tx }) => {
        attempts += 1
        await lab.place(tx, `${asked.key}-${attempts}`)
        if (attempts < 3) throw conflict
        return attempts
      })
      expect(result).toBe(3)
      expect((await lab.orders()).filter((id) => id.startsWith(asked.key as string))).toHaveLength(1)
      const hopeless = lab.idempotency({ conflictRetries: 1 }).run(request(), () => Promise.reject(conflict))
      await expect(hopeless).rejects.toBe(conflict)
    })

    it('that is not done in time is rolled back, and its signal aborts', async () => {
      const asked = request()
      let reason: unknown
      let release = (): void => undefined
      const late = lab.idempotency({ timeoutMs: 4_000 }).run(asked, async ({ tx, signal }) => {
        await lab.place(tx, asked.key as string)
        signal.addEventListener('abort', () => {
          reason = signal.reason
        })
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return 'too late'
      })
      await expect(late.finally(() => release())).rejects.toMatchObject({
        code: 'HANDLER_TIMED_OUT',
        details: { timeoutMs: 4_000 },
      })
      expect(reason).toMatchObject({ name: 'TimeoutError' })
      // A pool may hand out the connection that the server has ended, before it has heard of that.
      const repeated = async () => (await place(asked).catch(() => undefined))?.replayed
      await expect.poll(repeated).toBe(false)
    })

    it('whose answer is too large, or has no form, is not done', async () => {
      const [large, formless] = [request(), request()]
      const idempotency = lab.idempotency({ maxAnswerBytes: 100 })
      const answerLarge = idempotency.run(large, async ({ tx }) => {
        await lab.place(tx, large.key as string)
        return 'x'.repeat(99)
      })
      await expect(answerLarge).rejects.toMatchObject({
        code: 'ANSWER_TOO_LARGE',
        details: { bytes: 101, maxBytes: 100 },
      })
      const answerFormless = idempotency.run<unknown>(formless, async ({ tx }) => {
        await lab.place(tx, formless.key as string)
        return 1n
      })
      await expect(answerFormless).rejects.toMatchObject({ code: 'RESULT_NOT_SERIALISABLE' })
      expect(await lab.countsOf(large.key as string)).toEqual({ orders: 0, messages: 0 })
      expect(await lab.countsOf(formless.key as string)).toEqual({ orders: 0, messages: 0 })
    })

    it('needs an outbox to publish, and a key that is one', async () => {
      const withoutOutbox = { outbox: undefined } as unknown as { outbox: never }
      const publishing = lab.idempotency(withoutOutbox).run(request(), async ({ publish }) => {
        await publish(placed, { id: '1' })
      })
      await expect(publishing).rejects.toMatchObject({ code: 'OUTBOX_MISSING' })
      const ask = (key: string | undefined) => lab.idempotency().run(request({ key }), async () => 1)
      await expect(ask(undefined)).rejects.toMatchObject({ code: 'KEY_MISSING' })
      await expect(ask('')).rejects.toMatchObject({ code: 'KEY_MISSING' })
      for (const key of ['a b', 'ä', 'x'.repeat(256), 'a\n', '"a"', '"'])
        await expect(ask(key)).rejects.toMatchObject({ code: 'KEY_INVALID' })
      expect((await ask('!'.repeat(255))).replayed).toBe(false)
    })

    it('is a new one when its answer has expired, and what has expired is forgotten', async () => {
      const asked = request()
      const brief = lab.idempotency({ expiresMs: 1, graceMs: 0 })
      await brief.run(asked, async () => 1)
      await lab.pool.query('SELECT pg_sleep(0.002)')
      expect(await brief.run(asked, async () => 2)).toEqual({ replayed: false, result: 2 })
      await lab.pool.query('SELECT pg_sleep(0.002)')
      const before = await lab.keys()
      const forgotten = await brief.forgetExpired()
      expect(forgotten).toBeGreaterThanOrEqual(1)
      expect(await lab.keys()).toBe(before - forgotten)
      expect(await brief.forgetExpired()).toBe(0)
    })

    it('is forgotten in transactions of 1,000, however many have expired', async () => {
      await lab.pool.query(`
        INSERT INTO pigeonhole.idempotency_key (tenant, operation, key, fingerprint_version, fingerprint, expires_at)
        SELECT 'expired', 'POST /orders', n::text, 1, '\\x01', now() - interval '2 hours' FROM generate_series(1, 2500) AS n`)
      const lots: number[] = []
      const { store } = lab.client
      const observed = {
        ...store,
        async forgetAnswers(bounds: Parameters<typeof store.forgetAnswers>[0]) {
          const forgotten = await store.forgetAnswers(bounds)
          lots.push(forgotten)
          return forgotten
        },
      }
      const forgotten = await lab.idempotency({ store: observed }).forgetExpired()
      expect(lots.slice(0, 2)).toEqual([1_000, 1_000])
      expect(lots.at(-1)).toBeLessThan(1_000)
      expect(forgotten).toBeGreaterThanOrEqual(2_500)
      const left = await lab.pool.query(`SELECT FROM pigeonhole.idempotency_key WHERE tenant = 'expired'`)
      expect(left.rowCount).toBe(0)
    })

    it('that 200 ask for at once is done once, and all that are let in get its result', async () => {
      const asked = request()
      const idempotency = lab.idempotency()
      const ask = async (): Promise<unknown> => {
        for (;;) {
          try {
            return (
              await idempotency.run(asked, async ({ tx, publish }) => {
                await lab.place(tx, asked.key as string)
                await publish(placed, { id: asked.key as string })
                return randomUUID()
              })
            ).result
          } catch (error) {
            // A busy machine may have no connection for it in time, too.
            if (!isPigeonholeError(error) || !error.retryable) throw error
          }
        }
      }
      const results = await Promise.all(Array.from({ length: 200 }, ask))
      expect(new Set(results).size).toBe(1)
      expect(await lab.countsOf(asked.key as string)).toEqual({ orders: 1, messages: 1 })
    })
  })
}
