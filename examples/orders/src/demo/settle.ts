import { setTimeout as pause } from 'node:timers/promises'
import { readLog } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { postgresStore } from 'pigeonhole/postgres'
import type { Style } from './cast.js'
import type { Servers, Stage } from './stage.js'

/** Waits until everything that was committed is sent and handled: nothing is left that could still change. */
export async function settle(
  style: Style,
  stage: Stage,
  servers: Servers,
  signal: AbortSignal,
): Promise<void> {
  if (style === 'pigeonhole') await outboxIsEmpty(stage.orders.url, signal)
  await billingHasCaughtUp(stage, servers, signal)
  if (style === 'pigeonhole') await outboxIsEmpty(stage.billing.url, signal)
}

async function outboxIsEmpty(url: string, signal: AbortSignal): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  try {
    const store = postgresStore(pool)
    while ((await store.readStatus()).pending > 0) await pause(100, undefined, { signal })
  } finally {
    await pool.end()
  }
}

// By the group's committed offsets, as an operator would tell.
async function billingHasCaughtUp(
  { prefix }: Stage,
  { brokers }: Servers,
  signal: AbortSignal,
): Promise<void> {
  const topics = [`${prefix}orders`, `${prefix}refunds`]
  const last = new Map<string, bigint>()
  for (const { topic, partition, offset } of await readLog({ brokers, topics }))
    last.set(`${topic}/${partition}`, offset)
  const admin = new Kafka({ clientId: 'demo', brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    for (;;) {
      const committed = await admin.fetchOffsets({ groupId: `${prefix}billing`, topics })
      const behind = committed.flatMap(({ topic, partitions }) =>
        partitions.filter(
          ({ partition, offset }) => BigInt(offset) <= (last.get(`${topic}/${partition}`) ?? -2n),
        ),
      )
      if (behind.length === 0) return
      await pause(100, undefined, { signal })
    }
  } finally {
    await admin.disconnect()
  }
}
