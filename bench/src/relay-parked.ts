import type { BenchServers } from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'
import { type OutboxScene, timeDrain, withOutbox } from './outbox-scene.js'

const followers = 10_000

/** Where the followers of the parked key are when the relay starts. */
type Place = 'none' | 'parked' | 'outbox'

/**
 * `relay-parked`: an outbox of 100,000 messages of other keys (300,000 with --full) drained while 10,000 messages are parked
 * behind one key, against one with nothing parked. `relay-parked-arriving`: with those 10,000 still in the outbox, evenly among
 * the others, so that the relay has to move them. The rate is that of the other keys.
 */
export async function relayParked(servers: BenchServers): Promise<Comparison[]> {
  const messages = servers.full ? 300_000 : 100_000
  const common = { unit: 'msg/s', against: 'nothing parked', pairs: servers.full ? 5 : 3 }
  const drain = (place: Place) => () => drainOthers(servers, messages, place)
  return [
    await compare({ ...common, name: 'relay-parked', ours: drain('parked'), baseline: drain('none') }),
    await compare({
      ...common,
      name: 'relay-parked-arriving',
      ours: drain('outbox'),
      baseline: drain('none'),
    }),
  ]
}

function drainOthers(servers: BenchServers, messages: number, place: Place): Promise<number> {
  return withOutbox(servers, async (scene) => {
    if (place === 'none') await scene.fill(messages)
    else await blockKey(scene)
    if (place === 'parked') {
      await scene.fill(messages)
      await parkFollowers(scene)
    }
    if (place === 'outbox') await fillWithFollowers(scene, messages)
    await scene.pool.query(
      'VACUUM ANALYZE pigeonhole.outbox_message, pigeonhole.parked_message, pigeonhole.parked_key',
    )
    const rate = await timeDrain(scene.relay(), messages)
    await assertParked(scene, place === 'none' ? 0 : followers)
    return rate
  })
}

async function blockKey({ pool, topic }: OutboxScene): Promise<void> {
  await pool.query(
    `INSERT INTO pigeonhole.parked_key (side, scope, topic, key, bucket, error_code, error, attempts)
     VALUES ('outbox', '', $1, 'poison', 0, 'RECORD_REFUSED', 'too large', 1)`,
    [topic],
  )
}

async function parkFollowers({ pool, topic }: OutboxScene): Promise<void> {
  await pool.query(
    `INSERT INTO pigeonhole.parked_message (side, scope, topic, key, message_id, bucket, headers, payload, error, created_at)
     SELECT 'outbox', '', $1, 'poison', gen_random_uuid()::text, 0, '[]', convert_to(repeat('x', 200), 'UTF8'), 'too large', now()
     FROM generate_series(1, $2)`,
    [topic, followers],
  )
}

// The others' keys are those of the scene's own messages.
async function fillWithFollowers({ pool, topic }: OutboxScene, messages: number): Promise<void> {
  await pool.query(
    `INSERT INTO pigeonhole.outbox_message (id, topic, key, bucket, headers, payload)
     SELECT gen_random_uuid(), $1, CASE WHEN follows THEN 'poison' ELSE convert_to('key-' || i % 1000, 'UTF8') END,
       CASE WHEN follows THEN 0 ELSE i % 256 END, '[]', convert_to(repeat('x', 200), 'UTF8')
     FROM (
       SELECT i, false AS follows, i::float8 AS place FROM generate_series(1, $2::int) AS i
       UNION ALL
       SELECT i, true, (i - 0.5) * $2::int / $3::int FROM generate_series(1, $3::int) AS i
     ) AS message
     ORDER BY place`,
    [topic, messages, followers],
  )
}

async function assertParked({ pool }: OutboxScene, expected: number): Promise<void> {
  const { rows } = await pool.query<{ parked: number }>(
    'SELECT count(*)::int AS parked FROM pigeonhole.parked_message',
  )
  if (rows[0]?.parked !== expected)
    throw new Error(`${rows[0]?.parked} messages are parked instead of ${expected}`)
}
