import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/** Drops a replication slot once nobody reads from it any more: one that stays would slow all that is measured later. */
export async function dropSlot(pool: pg.Pool, name: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const { rowCount } = await pool.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active',
      [name],
    )
    const { rows } = await pool.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [name])
    if (rowCount === 1 || rows.length === 0) return
    await sleep(100)
  }
  throw new Error(`Somebody still reads from replication slot ${name}`)
}
