import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { SpecDatabase } from '../spec-database.fake.js'
import type { SqlValue } from '../sql/statement.js'
import { beginHandlerTransaction } from './begin.js'
import { lendClient } from './lent-client.js'
import { pgExecutor, pgLastExecutor } from './pg-executor.js'
import { namedByText } from './statement-names.js'
import { surviveIdleErrors } from './survive-idle-errors.js'
import { openTransaction } from './transaction.js'

let database: SpecDatabase
let pool: pg.Pool
/** What node-postgres is given of statements in text, on the only connection. */
let sent: string[]

beforeAll(async () => {
  database = await SpecDatabase.create({ tables: false })
  const name = new URL(database.url).pathname.slice(1)
  await database.pool.query(`
    CREATE TABLE written (n int, by text);
    ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`)
})
beforeEach(async () => {
  await database.pool.query('TRUNCATE written')
  sent = []
  pool = new pg.Pool({ connectionString: database.url, max: 1 })
  surviveIdleErrors(pool) // Of a connection that ends while its database does.
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...request: unknown[]) => unknown
    client.query = ((...request: unknown[]) => {
      const [first] = request
      sent.push(typeof first === 'string' ? first : (first as { readonly text: string }).text)
      return query(...request)
    }) as typeof client.query
  })
  const opened = pool
  return () => opened.end()
})
afterAll(() => database.drop())

const names = namedByText()
const insert = 'INSERT INTO written VALUES ($1::int, $2::text) RETURNING n, by, by IS NULL AS is_null'
const settings = `SELECT current_setting('statement_timeout') AS statement_timeout,
  current_setting('transaction_isolation') AS isolation, $1::text AS given`
const begin = beginHandlerTransaction(20_000)

/** Fails where nothing was written before. */
const insertLast = `WITH last AS (
  INSERT INTO written SELECT $1::int, 'last' FROM written WHERE by = 'first' LIMIT 1 RETURNING 1
) SELECT 1 / count(*)::int AS one FROM last`

type Ask = (text: string, values: readonly SqlValue[]) => Promise<unknown>

/** Runs `work` in a transaction, whose statements are kept by the connection. */
function transact<R>(work: (ask: Ask, tx: pg.ClientBase) => Promise<R>, beginning = begin): Promise<R> {
  const options = { schema: 'pigeonhole', timeoutMs: 20_000, begin: beginning }
  return openTransaction(pool, options, (client, frame) =>
    lendClient(client, frame, (tx) => {
      const { query } = pgExecutor(tx, 'pigeonhole', names)
      return work(query, tx)
    }),
  )
}

/** The last statement of a transaction. */
function askLast(tx: pg.ClientBase, n: number): Promise<unknown> {
  return pgLastExecutor(tx, 'pigeonhole', names).query(insertLast, [n])
}

type Before = (tx: pg.ClientBase) => Promise<unknown>

/** Runs a transaction that writes `n`, then does `before`, then ends with a last statement. */
function transactLast(n: number, before: Before = async () => undefined): Promise<unknown> {
  return transact(async (ask, tx) => {
    await ask(insert, [n, 'first'])
    await before(tx)
    return await askLast(tx, n)
  })
}

async function written(): Promise<unknown[]> {
  return (await database.pool.query('SELECT n, by FROM written ORDER BY n')).rows
}

it('has BEGIN and its settings travel with the first statement, once the connection has that', async () => {
  const bound = { statement_timeout: '20s', isolation: 'read committed', given: 'x' }
  await transact(async (ask) => expect(await ask(settings, ['x'])).toEqual([bound]))
  expect(sent).toEqual([begin.join('; '), settings, 'COMMIT'])
  sent = []
  await transact(async (ask) => expect(await ask(settings, ['x'])).toEqual([bound]))
  expect(sent).toEqual([settings, 'COMMIT'])
})

// PostgreSQL only warns of a BEGIN inside a transaction.
it('begins once, however many statements follow', async () => {
  const warnings: unknown[] = []
  pool.on('connect', (client) => client.on('notice', ({ message }) => warnings.push(message)))
  for (let round = 0; round < 2; round++)
    await transact(async (ask) => {
      await ask(insert, [1, 'first'])
      await ask(insert, [2, 'second'])
    })
  expect(warnings).toEqual([])
})

it('reads rows as before, and what a transaction rolls back is not there', async () => {
  for (const n of [1, 2]) {
    await transact(async (ask) => {
      expect(await ask(insert, [n, null])).toEqual([{ n, by: null, is_null: true }])
      expect(await ask(insert, [n, "it's"])).toEqual([{ n, by: "it's", is_null: false }])
    })
    const failing = transact(async (ask) => {
      await ask(insert, [n, 'failed'])
      throw new Error('refused')
    })
    await expect(failing).rejects.toThrow('refused')
  }
  expect(await written()).toHaveLength(4)
})

it.each([
  ['BEGIN', ['BEGIN ISOLATION LEVEL none', 'SET LOCAL statement_timeout = 1000']],
  ['a setting', ['BEGIN', 'SET LOCAL statement_timeout = none']],
])('runs neither the statement nor what comes after it where %s is refused', async (_, refused) => {
  await transact((ask) => ask(insert, [1, 'kept']))
  const failing = transact(async (ask, tx) => {
    await expect(ask(insert, [2, 'with it'])).rejects.toThrow()
    await expect(tx.query("INSERT INTO written VALUES (3, 'after it')")).rejects.toThrow()
    throw new Error('nothing was begun')
  }, refused)
  await expect(failing).rejects.toThrow('nothing was begun')
  expect(await written()).toEqual([{ n: 1, by: 'kept' }])
})

it('goes on with the connection behind a statement that has failed', async () => {
  const divide = 'SELECT 1 / $1::int AS result'
  await transact((ask) => ask(divide, [1]))
  await expect(transact((ask) => ask(divide, [0]))).rejects.toMatchObject({ code: '22012' })
  expect(await transact((ask) => ask(divide, [1]))).toEqual([{ result: 1 }])
  expect(pool.totalCount).toBe(1)
})

it.each(['DEALLOCATE ALL', 'DISCARD ALL'])(
  'loses one transaction, and prepares anew, behind %s',
  async (statement) => {
    const both = async (ask: Ask): Promise<unknown> => [
      await ask(insert, [1, 'x']),
      await ask(settings, ['y']),
    ]
    await transact(both)
    await pool.query(statement)
    await expect(transact(both)).rejects.toMatchObject({ code: 'STORE_CONFLICT', retryable: true })
    await transact(both)
    sent = []
    await transact(both)
    expect(sent).toEqual([insert, settings, 'COMMIT'])
    expect(await written()).toHaveLength(3)
  },
)

it('begins before a handler’s own first statement, in each form that node-postgres knows', async () => {
  const statement = "INSERT INTO written VALUES (1, 'first')"
  const forms: ((tx: pg.Client) => Promise<unknown>)[] = [
    (tx) => tx.query(statement),
    (tx) =>
      new Promise((resolve, reject) => tx.query(statement, (error) => (error ? reject(error) : resolve(0)))),
    (tx) =>
      new Promise((resolve, reject) => {
        tx.query(new pg.Query(statement)).on('end', resolve).on('error', reject)
      }),
  ]
  for (const form of forms) {
    const failing = transact(async (_, tx) => {
      await form(tx as pg.Client)
      throw new Error('refused')
    })
    await expect(failing).rejects.toThrow('refused')
  }
  expect(await written()).toEqual([])
})

it('has COMMIT travel with the last statement, once the connection has that', async () => {
  expect(await transactLast(1)).toEqual([{ one: 1 }])
  expect(sent).toEqual([begin.join('; '), insert, insertLast, 'COMMIT'])
  sent = []
  expect(await transactLast(2)).toEqual([{ one: 1 }])
  expect(sent).toEqual([insert, insertLast])
  expect(await written()).toHaveLength(4)
})

it('commits nothing where the last statement fails, also of a transaction that its work has begun itself', async () => {
  await transactLast(1)
  const replaced = transactLast(2, async (tx) => {
    await tx.query("ROLLBACK; BEGIN; DELETE FROM written WHERE by = 'first'")
  })
  await expect(replaced).rejects.toMatchObject({ code: '22012' })
  expect(await written()).toEqual([
    { n: 1, by: 'first' },
    { n: 1, by: 'last' },
  ])
  expect(await transactLast(3)).toEqual([{ one: 1 }])
  expect(pool.totalCount).toBe(1)
})

it('tells of a constraint that COMMIT refuses, and goes on with the connection', async () => {
  await transactLast(1)
  await database.pool.query(
    'CREATE TABLE single (n int, CONSTRAINT once UNIQUE (n) DEFERRABLE INITIALLY DEFERRED); INSERT INTO single VALUES (1)',
  )
  const refused = transactLast(2, (tx) => tx.query('INSERT INTO single VALUES (1)'))
  await expect(refused).rejects.toMatchObject({ code: '23505', constraint: 'once' })
  expect(await written()).toHaveLength(2)
  await transactLast(3)
  expect(pool.totalCount).toBe(1)
})

// It would commit by itself.
it('refuses what comes behind the last statement', async () => {
  await transactLast(1)
  const late: Promise<unknown>[] = []
  await transact(async (ask, tx) => {
    await ask(insert, [2, 'first'])
    const last = askLast(tx, 2)
    late.push(tx.query("INSERT INTO written VALUES (2, 'late')"))
    await Promise.allSettled([last, ...late])
  })
  await expect(late[0]).rejects.toMatchObject({ code: 'OUTSIDE_TRANSACTION' })
  expect(await written()).toHaveLength(4)
})

it('does not know what became of a COMMIT that went with a connection', async () => {
  await transactLast(1)
  const broken = transactLast(2, async (tx) => {
    const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    // At COMMIT, behind the last statement.
    await tx.query(`
      CREATE FUNCTION pg_temp.ends() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(${rows[0]?.pid}); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER ends AFTER INSERT ON written DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION pg_temp.ends()`)
  })
  await expect(broken).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('may or may not have taken effect'),
  })
  expect(pool.totalCount).toBe(0)
})

it('does not know what became of a COMMIT that was not waited for', async () => {
  // It bounds every statement, also those before COMMIT, which may take their time on a busy machine.
  const impatient = new pg.Pool({ connectionString: database.url, max: 1, query_timeout: 5_000 })
  surviveIdleErrors(impatient)
  pool = impatient
  await transactLast(1)
  const slow = transactLast(2, (tx) =>
    tx.query(`
      CREATE FUNCTION pg_temp.waits() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(10); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON written DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (new.by = 'last') EXECUTE FUNCTION pg_temp.waits()`),
  )
  await expect(slow).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await impatient.end()
})

it('fails a query of a class of its own that comes after the end', async () => {
  const left = await transact(async (_, tx) => tx)
  const late = new Promise((resolve, reject) => {
    left.query(new pg.Query('SELECT 1')).on('end', resolve).on('error', reject)
  })
  await expect(late).rejects.toMatchObject({ code: 'OUTSIDE_TRANSACTION' })
})
