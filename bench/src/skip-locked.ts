import type { BenchServers } from './bench-servers.js'
import { quietKafka } from './bench-servers.js'
import { type Comparison, compare } from './comparison.js'
import { type OutboxScene, timeDrain, withOutbox } from './outbox-scene.js'
import { lot, sendLot } from './skip-locked-lot.js'

/**
 * `skip-locked`: our drain against the relay that most services write by hand: `SELECT … FOR UPDATE SKIP LOCKED`, send
 * with an idempotent producer, DELETE, COMMIT. One worker, so that it keeps the order; it sends twice after a crash.
 */
export async function skipLocked(servers: BenchServers): Promise<Comparison> {
  const messages = servers.full ? 300_000 : 100_000
  return await compare({
    name: 'skip-locked',
    unit: 'msg/s',
    against: `a loop over FOR UPDATE SKIP LOCKED, ${lot} messages a transaction, bare kafkajs`,
    pairs: 3,
    ours: () => drained(servers, messages, (scene) => timeDrain(scene.relay(), messages)),
    baseline: () => drained(servers, messages, (scene) => drainByHand(servers, scene)),
  })
}

function drained(
  servers: BenchServers,
  messages: number,
  drain: (scene: OutboxScene) => Promise<number>,
): Promise<number> {
  return withOutbox(servers, async (scene) => {
    await scene.fill(messages)
    await scene.pool.query('VACUUM ANALYZE pigeonhole.outbox_message')
    return await drain(scene)
  })
}

async function drainByHand(servers: BenchServers, { pool, topic }: OutboxScene): Promise<number> {
  const producer = quietKafka(servers).producer({ idempotent: true })
  await producer.connect()
  const client = await pool.connect()
  const started = performance.now()
  let sent = 0
  for (let found = 1; found > 0; sent += found) found = await sendLot({ client, producer, topic })
  const elapsed = performance.now() - started
  client.release()
  await producer.disconnect()
  return sent / (elapsed / 1_000)
}
