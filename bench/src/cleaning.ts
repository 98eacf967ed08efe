import { setTimeout as sleep } from 'node:timers/promises'
import type { Page, Reclaimed, RelayStore } from '@pigeonhole/core'
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

interface Traffic {
  /** What gives the space of published messages back. */
  readonly by: 'truncation' | 'deletes'
  /** Whether a transaction is open all the time. */
  readonly beside: boolean
}

/**
 * `cleaning-*`: 3,000,000 messages (300,000 without --full) that pass through an outbox of 10,000 at most. Size of the
 * table with its indexes and time of a page in the last tenth, where partitions are truncated and where the same rows are
 * deleted in batches, as it was done before; and the same beside a transaction that is open all the time. `-growth`: the
 * size at the end against that after the first tenth.
 */
export async function cleaning(servers: BenchServers): Promise<Comparison[]> {
  const compared: Comparison[] = []
  for (const beside of [false, true]) {
    const deletes = await course(servers, { by: 'deletes', beside })
    const truncation = await course(servers, { by: 'truncation', beside })
    compared.push(...compare(beside ? 'cleaning-long-transaction' : 'cleaning', truncation, deletes))
  }
  return compared
}

function compare(name: string, truncation: Course, deletes: Course): Comparison[] {
  const against = 'batched deletes of the same traffic'
  const first = truncation.sizes[0] ?? 0
  const row = (what: string, [ours = 0, baseline = 0]: readonly number[], unit: string): Comparison => ({
    name: `${name}-${what}`,
    ours: round(ours),
    baseline: round(baseline),
    ratio: round(ours / baseline),
    unit,
    against,
  })
  const sizes = [truncation, deletes].map((one) => (one.sizes.at(-1) ?? 0) / 1_000_000)
  const pages = [truncation, deletes].map((one) => one.pages.at(-1) ?? 0)
  const growth = row('growth', [(truncation.sizes.at(-1) ?? 0) / 1_000_000, first / 1_000_000], 'MB')
  return [
    row('size', sizes, 'MB'),
    row('page', pages, 'ms'),
    { ...growth, against: 'after the first tenth of the traffic' },
  ]
}

async function course(servers: BenchServers, { by, beside }: Traffic): Promise<Course> {
  const messages = servers.full ? 3_000_000 : 300_000
  return await withOutbox(servers, async ({ pool, fill, relay }) => {
    const times: number[] = []
    const cleaned = relay(observed(postgresStore(pool), { times, by }))
    const deletes = by === 'deletes' ? await batchedDeletes(pool) : undefined
    let sent = 0
    cleaned.on('batch:published', ({ rows }) => {
      sent += rows
      deletes?.due()
    })
    await cleaned.start()
    const open = beside ? await openTransaction(pool) : undefined
    const result: Course = { sizes: [], pages: [] }
    for (let filled = 0; filled < messages; ) {
      await fill(lot)
      filled += lot
      while (filled - sent > lot) await sleep(1)
      if (filled % (messages / parts) === 0) {
        await deletes?.done()
        result.sizes.push(await sizeOf(pool))
        result.pages.push(medianOf(times.splice(0)))
      }
    }
    await deletes?.end()
    await open?.query('ROLLBACK')
    open?.release()
    process.stderr.write(
      `cleaning by ${by}${beside ? ', long transaction' : ''}: ${JSON.stringify(result)}\n`,
    )
    return result
  })
}

interface BatchedDeletes {
  due(): void
  /** Resolves when nothing is left to be deleted. */
  done(): Promise<void>
  /** The same, for good: the relay may still be confirming. */
  end(): Promise<void>
}

/**
 * The table as it was, all rows in one, which autovacuum looks at by the server's settings, and deletes of what the
 * confirmed cursor covers, 5,000 at a time, whenever a batch was published.
 */
async function batchedDeletes(pool: pg.Pool): Promise<BatchedDeletes> {
  await pool.query(`ALTER TABLE pigeonhole.outbox_message_0 RESET (autovacuum_vacuum_insert_threshold,
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor, autovacuum_analyze_threshold)`)
  let running = Promise.resolve()
  let ended = false
  const deleteLots = async (): Promise<void> => {
    for (;;) {
      const { rowCount } = await pool.query(deleteLot)
      if ((rowCount ?? 0) < lot) return
    }
  }
  return {
    due: () => {
      if (!ended) running = running.then(deleteLots)
    },
    done: () => running,
    end: () => {
      ended = true
      return running
    },
  }
}

const deleteLot = `
  WITH confirmed AS MATERIALIZED (
    SELECT cursor_from FROM pigeonhole.relay_batch JOIN pigeonhole.relay_shard USING (shard)
    WHERE number = confirmed
  )
  DELETE FROM pigeonhole.outbox_message_0
  WHERE seq = ANY (ARRAY(
    SELECT seq FROM pigeonhole.outbox_message_0
    WHERE xid < pg_snapshot_xmax((SELECT cursor_from FROM confirmed))
      AND pg_visible_in_snapshot(xid, (SELECT cursor_from FROM confirmed))
    ORDER BY xid
    LIMIT ${lot}
  ))`

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

interface Observation {
  /** Takes the time of each page with rows. */
  readonly times: number[]
  readonly by: Traffic['by']
}

function observed(store: RelayStore, { times, by }: Observation): RelayStore {
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
        const kept = async (): Promise<Reclaimed> => ({
          truncated: [],
          held: [],
          unsettled: [],
          turned: false,
        })
        const replaced = new Map<string | symbol, unknown>([['readPage', timed]])
        if (by === 'deletes') replaced.set('reclaim', kept)
        return work(new Proxy(tx, { get: (_, name) => replaced.get(name) ?? bound(tx, name) }))
      }),
  }
}

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === 'function' ? value.bind(target) : value
}
