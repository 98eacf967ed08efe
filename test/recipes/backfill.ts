import { createOutbox, type Topic, whenDrained } from '@pigeonhole/core'
import { postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'

// #region backfill
/** A customer as it is now. Every change of one publishes this, too. */
export interface Customer {
  readonly id: string
  readonly name: string
  readonly version: number
}

/**
 * Publishes each customer once, by their ids, however often it is killed and begun again, and with several processes at it.
 * @param batchRows Most customers in one transaction: as many are locked at a time.
 */
export async function backfill(pool: pg.Pool, customers: Topic<Customer>, batchRows = 500): Promise<void> {
  const store = postgresStore(pool)
  const outbox = createOutbox({ store })
  await pool.query("INSERT INTO backfill (topic, last_id) VALUES ($1, '') ON CONFLICT DO NOTHING", [
    customers.name,
  ])

  /** Resolves to whether there may be more. */
  async function publishNext(): Promise<boolean> {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      await client.query("SET LOCAL lock_timeout = '500ms'")
      // Where it goes on is committed with what is published. Another process waits here.
      const place = await client.query('SELECT last_id FROM backfill WHERE topic = $1 FOR UPDATE', [
        customers.name,
      ])
      // Locked, a customer does not change between being read and being published. Who is changing one is waited for.
      const { rows } = await client.query<Customer>(
        `SELECT id, name, version FROM customer WHERE id > $1 ORDER BY id LIMIT $2
         FOR NO KEY UPDATE`,
        [place.rows[0].last_id, batchRows],
      )
      await outbox.publishMany(client, customers, rows, { headers: { backfill: 'true' } })
      await client.query('UPDATE backfill SET last_id = coalesce($2, last_id) WHERE topic = $1', [
        customers.name,
        rows.at(-1)?.id,
      ])
      await client.query('COMMIT')
      return rows.length > 0
    } catch (error) {
      // Somebody keeps a lock for longer, or waits for one of ours: the same batch again.
      if (isLock(error)) return true
      throw error
    } finally {
      // Closes it: what was not committed is rolled back.
      client.release(true)
    }
  }

  // What is published live waits behind one batch at most, and the outbox stays small.
  while (await publishNext()) await whenDrained({ store })
}

/** lock_not_available, deadlock_detected */
function isLock(error: unknown): boolean {
  return ['55P03', '40P01'].includes((error as { readonly code?: string }).code ?? '')
}
// #endregion
