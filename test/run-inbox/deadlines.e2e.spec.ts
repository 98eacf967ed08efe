// What ends a handler's transaction, and the state that each ends in: for both stores, on real servers.
import { createInbox, createOutbox, type HandlerContext } from '@pigeonhole/core'
import { type InboxRun, on, runInbox } from '@pigeonhole/kafkajs'
import { startPostgresProxy } from '@pigeonhole/testing'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { collectEvents, eventually } from './events.js'
import { Gate, untilAborted } from './gate.js'
import { InboxLab } from './inbox-lab.js'
import { type LabStore, openPostgresStore, openPrismaStore } from './lab-store.js'

const servers = { databaseUrl: inject('databaseUrl'), kafkaBrokers: inject('kafkaBrokers') }

// By the value of an effect. A sequence counts what is rolled back as well.
const atCommit = `
  CREATE SEQUENCE commits;
  CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.value = 'invalid' THEN RAISE check_violation; END IF;
    IF NEW.value = 'conflict' AND nextval('commits') <= 3 THEN RAISE serialization_failure; END IF;
    IF NEW.value = 'killed' AND nextval('commits') <= 3 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON effect DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION at_commit()`

describeDeadlines('postgresStore', openPostgresStore)
describeDeadlines('prismaStore', openPrismaStore)

function describeDeadlines<Tx>(name: string, open: (databaseUrl: string) => LabStore<Tx>): void {
  describe(`a handler's transaction of ${name}`, () => {
    type Context = HandlerContext<Tx, string>
    type Handle = (context: Context, write: () => Promise<unknown>) => Promise<unknown>

    let lab: InboxLab
    let opened: LabStore<Tx>
    const runs: InboxRun[] = []

    beforeAll(async () => {
      lab = await InboxLab.open(servers)
      // Connections are killed here.
      lab.pool.on('error', () => undefined)
      await lab.pool.query(atCommit)
      opened = open(lab.databaseUrl)
    })
    afterEach(async () => {
      for (const run of runs.splice(0)) await run.stop({ signal: AbortSignal.timeout(0) })
      await lab.pool.query(
        'TRUNCATE effect, pigeonhole.parked_key, pigeonhole.parked_message; ALTER SEQUENCE commits RESTART',
      )
    })
    afterAll(async () => {
      await opened[Symbol.asyncDispose]()
      await lab[Symbol.asyncDispose]()
    })

    // Where time is to run out it is longer than a stall of the machine: what stalls for half of it has used it up itself.
    const shortMs = 3_000

    /** Has `values` handled by a handler that writes its effect when it is told to. */
    async function handle(
      values: readonly string[],
      handler: Handle,
      { timeoutMs = 20_000, attempts = 1, by = opened }: Terms<Tx> = {},
    ) {
      const orders = await lab.createTopic()
      const { store } = by
      const options = { store, outbox: createOutbox({ store }), name: orders.name, timeoutMs }
      const inbox = createInbox({ ...options, conflictRetries: 0 })
      const consumer = lab.newKafka().consumer({ ...lab.consumerConfig, groupId: orders.name })
      const run = await runInbox(consumer, inbox, {
        handlers: [
          on<Tx, string>(orders, async (context) => {
            const { tx, message } = context
            await handler(context, () =>
              by.query(tx, `INSERT INTO effect (value) VALUES ('${message.value}')`),
            )
          }),
        ],
        backoff: { initialMs: 50, maxMs: 200 },
        // Nothing of what is parked is looked at.
        parkedPollMs: 60_000,
        attempts,
      })
      runs.push(run)
      const held = collectEvents(run, 'partition:held')
      await lab.send(
        orders,
        values.map((value) => ({ value, key: value, headers: { 'message-id': value } })),
      )
      return { held }
    }

    /** Is done, and nothing is parked. */
    async function handledOnce(...values: readonly string[]): Promise<void> {
      await eventually(() => lab.effects()).toEqual(values)
      expect(await parked()).toEqual([])
    }

    async function parked(): Promise<string[]> {
      const { rows } = await lab.pool.query(
        `SELECT convert_from(payload, 'UTF8') || ' ' || error_code || ' ' || attempts AS message
         FROM pigeonhole.parked_message ORDER BY id`,
      )
      return rows.map(({ message }) => message)
    }

    it('has statements, pauses and waits for locks bounded by its one timeoutMs', async () => {
      const settings: unknown[] = []
      await handle(
        ['a'],
        async ({ tx }, write) => {
          const names = ['statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout']
          const columns = names.map((name) => `current_setting('${name}') AS ${name}`)
          settings.push(...(await opened.query(tx, `SELECT ${columns.join(', ')}`)))
          await write()
        },
        { timeoutMs: 20_500 },
      )
      await handledOnce('a')
      expect(settings).toEqual([
        {
          statement_timeout: '20500ms',
          idle_in_transaction_session_timeout: '20500ms',
          lock_timeout: '10250ms',
        },
      ])
    })

    it('in which a statement takes too long has it ended on the server, and fails', async () => {
      await handle(
        ['a', 'b'],
        async ({ tx, message }, write) => {
          await write()
          if (message.value === 'a') await opened.query(tx, 'SELECT pg_sleep(600)::text AS endless')
        },
        { timeoutMs: shortMs, attempts: 2 },
      )
      await eventually(() => lab.effects()).toEqual(['b'])
      expect(await parked()).toEqual(['a HANDLER_TIMED_OUT 2'])
      const endless = `SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'`
      await eventually(async () => (await lab.pool.query(endless)).rowCount).toBe(0)
    })

    it('that waits for the lock of another one gives up in half of its time, is nobody’s fault, and is tried again', async () => {
      const holder = await lab.pool.connect()
      await holder.query('SELECT pg_advisory_lock(7)')
      const { held } = await handle(
        ['a'],
        async ({ tx }, write) => {
          await opened.query(tx, 'SELECT pg_advisory_xact_lock(7)::text AS held')
          await write()
        },
        // An answer that comes as late as the other half would be the handler's own fault, of which it has one attempt.
        { timeoutMs: 8_000 },
      )
      await eventually(() => held.length).toBeGreaterThanOrEqual(2)
      expect(held[0]?.error).toMatchObject({ code: 'STORE_CONFLICT' })
      await holder.query('SELECT pg_advisory_unlock(7)')
      holder.release()
      await handledOnce('a')
    })

    it('whose handler heeds its signal ends with it, and its locks with that', async () => {
      const reasons: unknown[] = []
      await handle(
        ['a', 'b'],
        async ({ tx, message, signal }, write) => {
          await write()
          await opened.query(tx, 'SELECT pg_advisory_xact_lock(8)::text AS held')
          if (message.value === 'b') return
          await untilAborted(signal).catch((reason: unknown) => {
            reasons.push((reason as Error).name)
            throw reason
          })
        },
        { timeoutMs: shortMs, attempts: 2 },
      )
      await eventually(() => lab.effects()).toEqual(['b'])
      expect(await parked()).toEqual(['a HANDLER_TIMED_OUT 2'])
      // An attempt whose time was used up before its handler began is not counted.
      expect(new Set(reasons)).toEqual(new Set(['TimeoutError']))
    })

    it('whose handler ignores its signal writes and commits nothing late, and its message is handled once', async () => {
      const deaf = new Gate()
      const late: string[] = []
      let isFirst = true
      await handle(
        ['a', 'b'],
        async ({ tx }, write) => {
          await write()
          if (!isFirst) return
          isFirst = false
          await deaf.passed
          // One after the other: of two at once, Prisma resolves the second when the first has failed.
          for (const statement of [write, () => opened.query(tx, 'COMMIT')])
            late.push(
              await statement().then(
                () => 'done',
                () => 'refused',
              ),
            )
        },
        { timeoutMs: shortMs, attempts: 5 },
      )
      await handledOnce('a', 'b')
      deaf.open()
      await eventually(() => late).toEqual(['refused', 'refused'])
      await handledOnce('a', 'b')
    })

    it('lasts for longer than five seconds, Prisma’s own limit, where timeoutMs says so', async () => {
      await handle(['a'], async ({ tx }, write) => {
        await opened.query(tx, 'SELECT pg_sleep(5.5)::text AS slept')
        await write()
      })
      await handledOnce('a')
    })

    it('in which a unique violation was swallowed has done nothing, and fails', async () => {
      const insert = "INSERT INTO effect (value, unique_value) VALUES ('one', 'taken')"
      await handle(
        ['a', 'b'],
        async ({ tx, message }, write) => {
          await write()
          if (message.value === 'b') return
          await opened.query(tx, insert)
          await opened.query(tx, insert).catch(() => undefined)
        },
        { attempts: 2 },
      )
      await eventually(() => lab.effects()).toEqual(['b'])
      expect(await parked()).toEqual(['a HANDLER_SWALLOWED_ERROR 2'])
    })

    it('that a constraint refuses at COMMIT has done nothing, and fails', async () => {
      await handle(['invalid', 'b'], (_, write) => write(), { attempts: 2 })
      await eventually(() => lab.effects()).toEqual(['b'])
      expect(await parked()).toEqual([expect.stringMatching(/^invalid \S+ 2$/)])
    })

    it.each([
      ['conflict', 'STORE_CONFLICT'],
      ['killed', 'STORE_UNAVAILABLE'],
    ])('that ends at COMMIT by a %s is nobody’s fault, and is done once', async (value, code) => {
      const { held } = await handle([value], (_, write) => write())
      await handledOnce(value)
      expect(held.map(({ error }) => (error as { code?: string }).code)).toEqual([code, code, code])
    })

    it.each(['request', 'reply'] as const)(
      'of whose COMMIT nobody knows, because its %s was lost, is done once',
      async (lost) => {
        const url = new URL(lab.databaseUrl)
        await using proxy = await startPostgresProxy({ target: url.host })
        url.host = proxy.address
        await using through = open(url.href)
        let struck: Promise<boolean> | undefined
        let attempts = 0
        await handle(
          ['a', 'b'],
          async (_, write) => {
            attempts += 1
            await write()
            struck ??= proxy.lose({ statement: /^commit/i, lost, connection: 'cut' })
          },
          { by: through },
        )
        await handledOnce('a', 'b')
        expect(await struck).toBe(true)
        expect(attempts).toBe(lost === 'request' ? 3 : 2)
        for (const run of runs.splice(0)) await run.stop()
      },
    )

    it.each([
      ['whose backend is killed', 'SELECT pg_terminate_backend(pg_backend_pid())'],
      ['that finds the disk full', 'DO $$ BEGIN RAISE disk_full; END $$'],
      ['whose server shuts down', 'DO $$ BEGIN RAISE admin_shutdown; END $$'],
    ])('%s, time and again, is nobody’s fault, and is done once', async (_, statement) => {
      let attempts = 0
      const { held } = await handle(['a'], async ({ tx }, write) => {
        attempts += 1
        await write()
        if (attempts <= 3) await opened.query(tx, statement)
      })
      await handledOnce('a')
      expect(held.length).toBeGreaterThanOrEqual(3)
    })
  })
}

interface Terms<Tx> {
  readonly timeoutMs?: number
  readonly attempts?: number
  readonly by?: LabStore<Tx>
}
