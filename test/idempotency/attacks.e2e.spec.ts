import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AttackLab, type OrderServer, type Told } from './attack-lab.js'
import { describeKills } from './kills.js'

let lab: AttackLab
let server: OrderServer
beforeAll(async () => {
  lab = await AttackLab.open()
  server = await lab.start()
})
afterAll(() => lab[Symbol.asyncDispose]())

/** One effect and one event, and everybody who was told of it was told of that one. */
async function expectOnce(id: string, ...told: readonly Told[]): Promise<void> {
  const { attempts, events } = await lab.effectsOf(id)
  expect(attempts).toHaveLength(1)
  expect(events).toBe(1)
  expect(new Set(told.map(({ status }) => status))).toEqual(new Set([201]))
  expect(new Set(told.map(({ attempt }) => attempt))).toEqual(new Set(attempts))
}

async function pidsThat(state: string, rows: number): Promise<void> {
  const text = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND ${state}`
  await expect.poll(async () => (await lab.pool.query(text)).rowCount, { timeout: 20_000 }).toBe(rows)
}

const holdsStock = 'UPDATE stock SET id = id'
const waitsForStock = `wait_event_type = 'Lock' AND query = '${holdsStock}'`

/** What `slow()` is to wait for. */
function slowFor(seconds: number): string {
  return `CREATE OR REPLACE FUNCTION slow() RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(${seconds})'`
}

describeKills(() => lab, ['commit:sent', 'commit:acknowledged'])

describe('one key', () => {
  it('that 200 ask two processes for at once takes effect once, and all are told of that', async () => {
    const other = await lab.start()
    const id = randomUUID()
    const ask = (_: unknown, i: number) => (i % 2 ? server : other).askUntilKnown({ id })
    const told = await Promise.all(Array.from({ length: 200 }, ask))
    // None where the first one was told 503, on a busy machine.
    expect(told.filter(({ replayed }) => !replayed).length).toBeLessThanOrEqual(1)
    await expectOnce(id, ...told)
    await other.kill()
  })

  it('is refused for another body, and is another one’s for another tenant and operation', async () => {
    const [id, key] = [randomUUID(), randomUUID()]
    const mine = await server.ask({ id, key, tenant: 'a' })
    const others = [`${id}-b`, `${id}-r`] as const
    expect((await server.ask({ id: others[0], key, tenant: 'a' })).status).toBe(422)
    const tenants = await server.ask({ id: others[0], key, tenant: 'b' })
    const operations = await server.ask({ id: others[1], key, tenant: 'a', path: '/refunds' })
    for (const told of [mine, tenants, operations])
      expect(told).toMatchObject({ status: 201, replayed: false })
    await expectOnce(id, mine, await server.ask({ id, key, tenant: 'a' }))
    await expectOnce(others[0], tenants)
    await expectOnce(others[1], operations)
  })

  it('never shows its answer to another tenant, whatever that one sends', async () => {
    const [id, key] = [randomUUID(), randomUUID()]
    const mine = await server.ask({ id, key, tenant: 'a' })
    const told = await server.ask({ id, key, tenant: 'b' })
    expect(told.replayed).toBe(false)
    expect(told.attempt).not.toBe(mine.attempt)
    expect((await server.ask({ id, key, tenant: 'a' })).attempt).toBe(mine.attempt)
  })

  it.each([
    ['longer than a key may be', 'x'.repeat(256), 400],
    ['longer than Node takes headers', 'x'.repeat(20_000), 431],
  ])('that is %s takes no effect', async (_, key, status) => {
    const id = randomUUID()
    expect((await server.ask({ id, key })).status).toBe(status)
    expect(await lab.effectsOf(id)).toEqual({ attempts: [], events: 0 })
  })

  it('may be as long as keys may be', async () => {
    const [id, key] = [randomUUID(), 'k'.repeat(255)]
    await expectOnce(id, await server.ask({ id, key }), await server.ask({ id, key }))
  })
})

describe('a caller that goes away', () => {
  it('while the handler works finds one order when it comes back', async () => {
    const id = randomUUID()
    const holder = await lab.pool.connect()
    await holder.query(`BEGIN; ${holdsStock}`)
    const leaving = new AbortController()
    const left = server.ask({ id, statement: holdsStock, signal: leaving.signal })
    await pidsThat(waitsForStock, 1)
    leaving.abort()
    await expect(left).rejects.toThrow()
    await holder.query('ROLLBACK')
    holder.release()
    await expectOnce(id, await server.askUntilKnown({ id, statement: holdsStock }))
  })
})

describe('a handler', () => {
  it.each([
    ['a lock that another one holds', holdsStock],
    ['a statement that takes too long', 'SELECT slow()'],
  ])('that waits for %s does nothing, and says so: the repeat does it', async (_, statement) => {
    const id = randomUUID()
    const hasty = await lab.start({ timeoutMs: 1_000 })
    await lab.pool.query(slowFor(30))
    const holder = await lab.pool.connect()
    await holder.query(`BEGIN; ${holdsStock}`)
    const told = await hasty.ask({ id, statement })
    expect(told.status).toBeGreaterThanOrEqual(500)
    expect((await lab.effectsOf(id)).attempts).toEqual([])
    await holder.query('ROLLBACK')
    holder.release()
    // The same request, which now finds neither.
    await lab.pool.query(slowFor(0))
    const patient = await lab.start()
    await expectOnce(id, await patient.askUntilKnown({ id, statement }))
    await hasty.kill()
    await patient.kill()
  })
})

describe('an answer that expires', () => {
  it('while repeats race for it, and are forgotten, is given or done anew, and nothing between', async () => {
    const id = randomUUID()
    const brief = await lab.start({ expiresMs: 5 })
    const told: Told[] = []
    let asking = true
    const forgetting = (async () => {
      while (asking) await brief.forget()
    })()
    const ask = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) told.push(await brief.askUntilKnown({ id }))
    }
    await Promise.all(Array.from({ length: 4 }, ask))
    asking = false
    await forgetting
    const first = told.filter(({ replayed }) => !replayed).map(({ attempt }) => attempt)
    const { attempts, events } = await lab.effectsOf(id)
    expect([...attempts].sort()).toEqual([...first].sort())
    expect(events).toBe(attempts.length)
    for (const { attempt } of told) expect(attempts).toContain(attempt)
    await brief.kill()
  })
})
