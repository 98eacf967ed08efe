import { randomUUID } from 'node:crypto'
import { type PgBouncer, startPgBouncer } from '@pigeonhole/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AttackLab } from './attack-lab.js'
import { describeKills, preparedService } from './kills.js'
import { orderPoints } from './order-points.js'

let lab: AttackLab
beforeAll(async () => {
  lab = await AttackLab.open()
})
afterAll(() => lab[Symbol.asyncDispose]())

describeKills(() => lab, orderPoints)
describeKills(
  () => lab,
  // There is no BEGIN or COMMIT by itself.
  orderPoints.filter((point) => point !== 'begin:sent' && point !== 'commit:sent'),
  preparedService,
)

describe('a thousand keys', () => {
  it('that 40 callers ask two processes for, each three times at once, take effect once each', async () => {
    const servers = [await lab.start(), await lab.start()] as const
    const ids = Array.from({ length: 1_000 }, () => randomUUID())
    const askThrice = async (id: string): Promise<void> => {
      const told = await Promise.all([0, 1, 0].map((i) => servers[i === 0 ? 0 : 1].askUntilKnown({ id })))
      expect(told.map(({ status }) => status)).toEqual([201, 201, 201])
      expect(new Set(told.map(({ attempt }) => attempt)).size).toBe(1)
      // None where the first one was told 503, on a busy machine.
      expect(told.filter(({ replayed }) => !replayed).length).toBeLessThanOrEqual(1)
    }
    const started = performance.now()
    const waiting = [...ids]
    const ask = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await askThrice(id)
    }
    await Promise.all(Array.from({ length: 40 }, ask))
    const seconds = (performance.now() - started) / 1_000
    process.stderr.write(`1,000 keys, 3,000 answers: ${(1_000 / seconds).toFixed(0)} keys a second\n`)
    const effects = await lab.effects()
    for (const id of ids) {
      expect(effects.get(id)?.attempts).toHaveLength(1)
      expect(effects.get(id)?.events).toBe(1)
    }
  }, 240_000)
})

describe('through PgBouncer in transaction mode', { timeout: 180_000 }, () => {
  let bouncer: PgBouncer
  beforeAll(async () => {
    bouncer = await startPgBouncer({ url: lab.databaseUrl, settings: { default_pool_size: '3' } })
  })
  afterAll(() => bouncer.stop())

  it('a key that 200 ask two processes for takes effect once, and its lock stays with its transaction', async () => {
    const servers = [
      await lab.start({ databaseUrl: bouncer.url }),
      await lab.start({ databaseUrl: bouncer.url }),
    ] as const
    const ids = [randomUUID(), randomUUID()]
    for (const id of ids) {
      const ask = (_: unknown, i: number) => servers[i % 2 === 0 ? 0 : 1].askUntilKnown({ id })
      const told = await Promise.all(Array.from({ length: 200 }, ask))
      const { attempts, events } = await lab.effectsOf(id)
      expect(attempts).toHaveLength(1)
      expect(events).toBe(1)
      expect(new Set(told.map(({ attempt }) => attempt))).toEqual(new Set(attempts))
    }
    const { rows } =
      await lab.pool.query(`SELECT count(*)::int AS held FROM pg_locks WHERE locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
    expect(rows).toEqual([{ held: 0 }])
  })

  it('an operation whose PgBouncer is killed under COMMIT is told of truly when it is back', async () => {
    const server = await lab.start({ databaseUrl: bouncer.url })
    await lab.pool.query(`
      CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.path = '/refunds' THEN PERFORM pg_advisory_xact_lock(1, 1); END IF; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER held AFTER INSERT ON placed DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION held()`)
    const id = randomUUID()
    const holder = await lab.pool.connect()
    await holder.query('SELECT pg_advisory_lock(1, 1)')
    const asking = server.ask({ id, path: '/refunds' })
    const waiting = `SELECT FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event_type = 'Lock' AND datname = current_database()`
    await expect.poll(async () => (await lab.pool.query(waiting)).rowCount).toBe(1)
    await bouncer.kill()
    expect((await asking).status).toBe(503)
    await holder.query('SELECT pg_advisory_unlock(1, 1)')
    holder.release()
    await bouncer.restart()
    const told = await server.askUntilKnown({ id, path: '/refunds' })
    const { attempts, events } = await lab.effectsOf(id)
    expect(told.status).toBe(201)
    expect(attempts).toEqual([told.attempt])
    expect(events).toBe(1)
  })
})
