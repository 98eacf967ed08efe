import { setTimeout as sleep } from 'node:timers/promises'
import type { Page, RelayStore } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import type { BenchServers } from './bench-servers.js'
import { type Comparison, medianOf, round } from './comparison.js'
import { withOutbox } from './outbox-scene.js'

const lot = 5_000
const parts = 10

interface Course {
  /** Bytes of the table with its indexes and TOAST after each tenth of the traffic. */
  readonly sizes: number[]
  /** Median time of a page's read in each tenth, in milliseconds. */
  readonly pages: number[]
}

/**
 * `cleaning-*`: 3,000,000 messages (300,000 without --full) that pass through an outbox of 10,000 at most. Size of the
 * table with its indexes and time of a page at the end, against those after the first tenth; and the same beside a
 * transaction that is open all the time.
 */
export async function cleaning(servers: BenchServers): Promise<Comparison[]> {
  const plain = await course(servers, false)
  const beside = await course(servers, true)
  return [...compared('cleaning', plain), ...compared('cleaning-long-transaction', beside)]
}

function compared(name: string, { sizes, pages }: Course): Comparison[] {
  const against = 'after the first tenth of the traffic'
  const of = (what: string, unit: string, values: readonly number[]): Comparison => {
    const [first = 0] = values
    const last = values.at(-1) ?? 0
    const row = { name: `${name}-${what}`, ours: round(last), baseline: round(first) }
    return { ...row, ratio: round(last / first), unit, against }
  }
  return [
    of(
      'size',
      'MB',
      sizes.map((bytes) => bytes / 1_000_000),
    ),
    of('page', 'ms', pages),
  ]
}

async function course(servers: BenchServers, beside: boolean): Promise<Course> {
  const messages = servers.full ? 3_000_000 : 300_000
  return await withOutbox(servers, async ({ pool, fill, relay }) => {
    const times: number[] = []
    const cleaned = relay(timingPages(postgresStore(pool), times))
    let sent = 0
    cleaned.on('batch:published', ({ rows }) => {
      sent += rows
    })
    await cleaned.start()
    const open = beside ? await openTransaction(pool) : undefined
    const result: Course = { sizes: [], pages: [] }
    for (let filled = 0; filled < messages; ) {
      await fill(lot)
      filled += lot
      while (filled - sent > lot) await sleep(1)
      if (filled % (messages / parts) === 0) {
        result.sizes.push(await sizeOf(pool))
        result.pages.push(medianOf(times.splice(0)))
      }
    }
    await open?.query('ROLLBACK')
    open?.release()
    process.stderr.write(`cleaning: ${JSON.stringify(result)}\n`)
    return result
  })
}

/** A transaction that has seen the database: nothing that is deleted from now on can be vacuumed while it lasts. */
async function openTransaction(pool: pg.Pool): Promise<pg.PoolClient> {
  const client = await pool.connect()
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  await client.query('SELECT pg_current_xact_id()')
  return client
}

async function sizeOf(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    `SELECT sum(pg_total_relation_size(relid))::float8 AS bytes FROM pg_partition_tree('pigeonhole.outbox_message')`,
  )
  return rows[0]?.bytes ?? 0
}

function timingPages(store: RelayStore, times: number[]): RelayStore {
  return {
    ...store,
    guarded: (guard, work) =>
      store.guarded(guard, (tx) => {
        const timed = async (...args: Parameters<typeof tx.readPage>): Promise<Page> => {
          const started = performance.now()
          const page = await tx.readPage(...args)
          if (page.rows.length > 0) times.push(performance.now() - started)
          return page
        }
        return work(new Proxy(tx, { get: (_, name) => (name === 'readPage' ? timed : bound(tx, name)) }))
      }),
  }
}

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === 'function' ? value.bind(target) : value
}
