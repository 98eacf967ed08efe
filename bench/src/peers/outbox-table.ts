import type pg from 'pg'
import { filledValue } from './peer.js'

/** Commits messages to Pigeonhole's table in one transaction. A bucket is not that of its key: nobody looks at their order. */
export async function fillOutbox(pool: pg.Pool, topic: string, messages: number): Promise<void> {
  await pool.query(
    `INSERT INTO pigeonhole.outbox_message (id, topic, key, bucket, headers, payload)
     SELECT gen_random_uuid(), $1, convert_to('key-' || i % 1000, 'UTF8'), i % 256, '[]', convert_to(${filledValue}, 'UTF8')
     FROM generate_series(1, $2::int) AS i`,
    [topic, messages],
  )
}
