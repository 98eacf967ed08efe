import { beforeAll, describe, expect, it } from 'vitest'
import { HttpScene, order, problemIn } from './http-scene.js'
import type { HttpKind } from './http-service.js'

// By the id of an order: its COMMIT waits for a lock, or fails.
const commitTriggers = `
  CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.id LIKE 'held-%' THEN PERFORM pg_advisory_xact_lock(1, 1); END IF;
    IF NEW.id LIKE 'broken-%' THEN RAISE EXCEPTION 'broken at COMMIT'; END IF;
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION at_commit();`

const heldKeys = `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
  WHERE locktype = 'advisory' AND datname = current_database()`

const lostCommits = [
  ['was lost on its way: the repeat does it', 'request', null],
  ['was done: the repeat gets its answer', 'reply', 'true'],
] as const

/** The answer is the commit's. */
export function describeCommit(opened: () => HttpScene, kind: HttpKind): void {
  describe('an answer', () => {
    beforeAll(async () => void (await opened().lab.pool.query(commitTriggers)))

    it('leaves when the transaction has committed, and not before', async () => {
      const scene = opened()
      const { pool } = scene.lab
      const holder = await pool.connect()
      await holder.query('SELECT pg_advisory_lock(1, 1)')
      const asked = order('created', 'held-order')
      let status: number | undefined
      const sending = scene.send(asked).then((received) => {
        status = received.status
      })
      const waiting = `SELECT FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event_type = 'Lock' AND datname = current_database()`
      await expect.poll(async () => (await pool.query(waiting)).rowCount).toBe(1)
      // Another one is answered meanwhile: what was sent before it would have come.
      expect((await scene.send(order('created'))).status).toBe(201)
      expect(status).toBeUndefined()
      await holder.query('SELECT pg_advisory_unlock(1, 1)')
      holder.release()
      await sending
      expect(status).toBe(201)
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 1, messages: 1 })
    })

    it('is not that of the handler where COMMIT fails', async () => {
      const scene = opened()
      const asked = order('created', 'broken-order')
      for (const run of [1, 2]) {
        const { status, headers } = await scene.send(asked)
        expect(status).toBe(500)
        expect(headers.get('x-request')).toBeNull()
        expect(scene.runsOf(asked.id)).toBe(run)
        // PostgreSQL sends the error before it lets go of the locks: a repeat that comes at once may be told to wait.
        await expect.poll(async () => (await scene.lab.pool.query(heldKeys)).rowCount).toBe(0)
      }
      expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 0, messages: 0 })
    })

    it.each(lostCommits)('is 503 where nobody knows of COMMIT, which %s', async (_, lost, replayed) => {
      await expectUncertain(opened(), { lost, connection: 'cut', replayed })
    })

    it.each(lostCommits)(
      'is 503 where the connection has gone silent at COMMIT, which %s',
      async (_, lost, replayed) => {
        // Nothing but the time limit tells, and the server's own ends the transaction that waits for COMMIT. It bounds what comes
        // before that as well.
        await using scene = await HttpScene.open(kind, { timeoutMs: 4_000 })
        await expectUncertain(scene, { lost, connection: 'half-open', replayed })
      },
    )
  })
}

interface LostCommit {
  readonly lost: 'request' | 'reply'
  readonly connection: 'cut' | 'half-open'
  /** How the repeat's answer is marked. */
  readonly replayed: string | null
}

async function expectUncertain(scene: HttpScene, { lost, connection, replayed }: LostCommit): Promise<void> {
  const asked = order('created')
  const struck = scene.proxy.lose({ statement: /^commit/i, lost, connection })
  const uncertain = await scene.send(asked)
  await struck
  expect(uncertain.status).toBe(503)
  expect(uncertain.headers.get('retry-after')).toBe('1')
  expect(uncertain.headers.get('x-request')).toBeNull()
  expect(problemIn(uncertain)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  const repeat = await scene.sendUntilLetIn(asked)
  expect(repeat.status).toBe(201)
  expect(repeat.headers.get('idempotency-replayed')).toBe(replayed)
  expect(await scene.lab.countsOf(asked.id)).toEqual({ orders: 1, messages: 1 })
}
