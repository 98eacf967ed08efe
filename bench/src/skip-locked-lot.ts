import type { Producer } from 'kafkajs'
import type pg from 'pg'

interface ClaimedRow {
  readonly seq: string
  readonly id: string
  readonly key: Buffer
  readonly payload: Buffer
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Most messages of one transaction. */
export const lot = 1_000

/** What a lot needs. */
export interface SkipLockedLoop {
  readonly client: pg.ClientBase
  /** Connected. */
  readonly producer: Producer
  readonly topic: string
}

/**
 * One turn of the relay that most services write by hand: claim rows, send them, delete them, commit. Resolves to the
 * number of messages.
 */
export async function sendLot({ client, producer, topic }: SkipLockedLoop): Promise<number> {
  await client.query('BEGIN')
  const { rows } = await client.query<ClaimedRow>(
    'SELECT seq, id, key, payload, headers FROM pigeonhole.outbox_message ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED',
    [lot],
  )
  const messages = rows.map(({ id, key, payload, headers }) => ({
    key,
    value: payload,
    headers: { id, ...Object.fromEntries(headers) },
  }))
  if (messages.length > 0) await producer.send({ topic, acks: -1, messages })
  await client.query('DELETE FROM pigeonhole.outbox_message WHERE seq = ANY ($1)', [
    rows.map(({ seq }) => seq),
  ])
  await client.query('COMMIT')
  return rows.length
}
