import { randomUUID } from 'node:crypto'
import { createOutbox, createRelay, topic } from '@pigeonhole/core'
import { correctReadCommitted, kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type { Consumer } from 'kafkajs'
import pg from 'pg'
import { type BenchServers, migratedDatabase, newTopics, quietKafka } from './bench-servers.js'
import { type Comparison, medianOf, round } from './comparison.js'

const perSecond = 200
const warmUpSeconds = 4
const value = 'x'.repeat(160)

interface Percentiles {
  readonly p50: number
  readonly p99: number
}

/** What a side of the race does with one message: it calls `started` when the clock of this message begins to run. */
type Send = (id: string, started: () => void) => Promise<void>

/**
 * `relay-latency-p50` and `-p99`: 200 messages a second, each from the moment that its COMMIT is sent, or that kafkajs's
 * `send` is called, until the same read_committed consumer has it. Less is better here: the ratio is how many times as long ours takes.
 */
export async function relayLatency(servers: BenchServers): Promise<Comparison[]> {
  const { pairs, seconds } = servers.full ? { pairs: 5, seconds: 20 } : { pairs: 3, seconds: 10 }
  const runs: { ours: Percentiles; baseline: Percentiles }[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const run = {
      baseline: await sendDirectly(servers, seconds),
      ours: await sendThroughOutbox(servers, seconds),
    }
    process.stderr.write(`relay-latency: pair ${pair + 1} of ${pairs}, ${JSON.stringify(run)} ms\n`)
    runs.push(run)
  }
  return (['p50', 'p99'] as const).map((percentile) => ({
    name: `relay-latency-${percentile}`,
    ours: round(medianOf(runs.map(({ ours }) => ours[percentile]))),
    baseline: round(medianOf(runs.map(({ baseline }) => baseline[percentile]))),
    ratio: round(medianOf(runs.map(({ ours, baseline }) => ours[percentile] / baseline[percentile]))),
    unit: 'ms',
    against: `bare kafkajs, ${perSecond} messages a second sent one by one, same consumer`,
  }))
}

async function sendDirectly(servers: BenchServers, seconds: number): Promise<Percentiles> {
  const [name = ''] = await newTopics(servers, { topics: 1, partitions: 4 })
  const producer = quietKafka(servers).producer({ idempotent: true })
  await producer.connect()
  try {
    return await race(servers, { name, seconds }, async (id, started) => {
      started()
      await producer.send({ topic: name, acks: -1, messages: [{ key: id, value, headers: { id } }] })
    })
  } finally {
    await producer.disconnect()
  }
}

async function sendThroughOutbox(servers: BenchServers, seconds: number): Promise<Percentiles> {
  const [name = ''] = await newTopics(servers, { topics: 1, partitions: 4 })
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 20 })
  const store = postgresStore(pool)
  const outbox = createOutbox({ store })
  const target = topic<string>(name)
  const relay = createRelay({ name, store, publisher: kafkajsPublisher(quietKafka(servers)) })
  const opened = new Promise((resolve) => relay.on('shard:opened', resolve))
  await relay.start()
  await opened
  try {
    return await race(servers, { name, seconds }, async (id, started) => {
      const client = await pool.connect()
      await client.query('BEGIN')
      await outbox.publishRaw(client, [{ topic: target.name, key: id, value, headers: { id } }])
      started()
      await client.query('COMMIT')
      client.release()
    })
  } finally {
    await relay.stop()
    await pool.end()
    await database.drop()
  }
}

async function race(
  servers: BenchServers,
  { name, seconds }: { readonly name: string; readonly seconds: number },
  send: Send,
): Promise<Percentiles> {
  const startedAt = new Map<string, number>()
  const latencies: number[] = []
  const kafka = quietKafka(servers)
  correctReadCommitted(kafka)
  const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}` })
  const measured = perSecond * seconds
  const finished = new Promise<void>((resolve) => {
    const count = warmUpSeconds * perSecond + measured
    void read(consumer, name, (id) => {
      const started = startedAt.get(id)
      if (started !== undefined) latencies.push(performance.now() - started)
      if (latencies.length === count) resolve()
    })
  })
  try {
    await joined(consumer)
    await pace((warmUpSeconds + seconds) * perSecond, async () => {
      const id = randomUUID()
      await send(id, () => startedAt.set(id, performance.now()))
    })
    await finished
  } finally {
    await consumer.disconnect()
  }
  return percentilesOf(latencies.slice(-measured))
}

async function read(consumer: Consumer, name: string, arrived: (id: string) => void): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topic: name, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => arrived(String(message.headers?.['id'])) })
}

function joined(consumer: Consumer): Promise<void> {
  return new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()))
}

/** Starts `work` so many times at the pace, whether or not the earlier ones are done, and waits for all of them. */
async function pace(times: number, work: () => Promise<void>): Promise<void> {
  const started = performance.now()
  const running: Promise<void>[] = []
  while (running.length < times) {
    const due = Math.min(times, Math.floor(((performance.now() - started) / 1_000) * perSecond))
    while (running.length < due) running.push(work())
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(running)
}

function percentilesOf(latencies: readonly number[]): Percentiles {
  const sorted = [...latencies].sort((a, b) => a - b)
  const at = (share: number): number => round(sorted[Math.floor(sorted.length * share)] ?? 0)
  return { p50: at(0.5), p99: at(0.99) }
}
