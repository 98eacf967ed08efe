import { randomUUID } from 'node:crypto'
import { createOutbox, createRelay } from '@pigeonhole/core'
import { correctReadCommitted, kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type { Consumer, Message } from 'kafkajs'
import pg from 'pg'
import { type BenchServers, migratedDatabase, newTopics, quietKafka } from './bench-servers.js'
import { type Comparison, medianOf, round } from './comparison.js'

/** Messages a second of the race. */
export const perSecond = 200
const warmUpSeconds = 4
const value = 'x'.repeat(160)

/** Of latencies, in milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p99: number
}

/** What a side of the race does with one message: it calls `started` when the clock of this message begins to run. */
export type Send = (id: string, started: () => void) => Promise<void>

interface Run {
  readonly direct: Percentiles
  readonly floor: Percentiles
  readonly ours: Percentiles
}

/**
 * `relay-latency-p50` and `-p99`: 200 messages a second, each from the moment that its COMMIT is sent, or that kafkajs's
 * `send` is called, until the same read_committed consumer has it. Less is better here: the ratio is how many times as long ours takes.
 *
 * `relay-latency-floor-p50` and `-p99` are the same against the least that exactly once can take with kafkajs: the message's
 * COMMIT, then one transaction of kafkajs for what has been committed by then, begun by the writer itself. No look at the
 * outbox, no intent, no checkpoint: nothing of it would survive a crash.
 */
export async function relayLatency(servers: BenchServers): Promise<Comparison[]> {
  const { pairs, seconds } = servers.full ? { pairs: 5, seconds: 20 } : { pairs: 3, seconds: 10 }
  const runs: Run[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const run = {
      direct: await sendDirectly(servers, seconds),
      floor: await sendInTransactions(servers, seconds),
      ours: await sendThroughOutbox(servers, seconds),
    }
    process.stderr.write(`relay-latency: pair ${pair + 1} of ${pairs}, ${JSON.stringify(run)} ms\n`)
    runs.push(run)
  }
  const contests = [
    [
      'relay-latency',
      'direct',
      `bare kafkajs, ${perSecond} messages a second sent one by one, same consumer`,
    ],
    ['relay-latency-floor', 'floor', 'COMMIT, then a transaction of bare kafkajs tried again after 1 ms'],
  ] as const
  return contests.flatMap(([name, side, against]) =>
    (['p50', 'p99'] as const).map((percentile) => ({
      name: `${name}-${percentile}`,
      ours: round(medianOf(runs.map(({ ours }) => ours[percentile]))),
      baseline: round(medianOf(runs.map((run) => run[side][percentile]))),
      ratio: round(medianOf(runs.map((run) => run.ours[percentile] / run[side][percentile]))),
      unit: 'ms',
      against,
    })),
  )
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

async function sendInTransactions(servers: BenchServers, seconds: number): Promise<Percentiles> {
  const [name = ''] = await newTopics(servers, { topics: 1, partitions: 4 })
  const producer = quietKafka(servers).producer({
    idempotent: true,
    transactionalId: name,
    maxInFlightRequests: 1,
    // kafkajs's own first pause of 300 ms would be all that is measured.
    retry: { initialRetryTime: 1, maxRetryTime: 1, factor: 0, retries: 1_000 },
  })
  await producer.connect()
  let committed: Message[] = []
  let sending: Promise<void> | undefined
  const sendAll = async (): Promise<void> => {
    while (committed.length > 0) {
      const messages = committed
      committed = []
      const transaction = await producer.transaction()
      await transaction.send({ topic: name, acks: -1, messages })
      await transaction.commit()
    }
    sending = undefined
  }
  try {
    return await withWriters(servers, async ({ write }) =>
      race(servers, { name, seconds }, async (id, started) => {
        await write({ topic: name, id }, started)
        committed.push({ key: id, value, headers: { id } })
        sending ??= sendAll()
        await sending
      }),
    )
  } finally {
    await producer.disconnect()
  }
}

async function sendThroughOutbox(servers: BenchServers, seconds: number): Promise<Percentiles> {
  const [name = ''] = await newTopics(servers, { topics: 1, partitions: 4 })
  return await withWriters(servers, async ({ pool, write }) => {
    const relay = createRelay({
      name,
      store: postgresStore(pool),
      publisher: kafkajsPublisher(quietKafka(servers)),
    })
    const opened = new Promise((resolve) => relay.on('shard:opened', resolve))
    await relay.start()
    await opened
    try {
      return await race(servers, { name, seconds }, (id, started) => write({ topic: name, id }, started))
    } finally {
      await relay.stop()
    }
  })
}

interface Writers {
  readonly pool: pg.Pool
  /** Commits one message to an outbox, in a transaction of its own. */
  write(message: { readonly topic: string; readonly id: string }, started: () => void): Promise<void>
}

async function withWriters<R>(servers: BenchServers, work: (writers: Writers) => Promise<R>): Promise<R> {
  const database = await migratedDatabase(servers)
  const pool = new pg.Pool({ connectionString: database.url, max: 20 })
  const outbox = createOutbox({ store: postgresStore(pool) })
  const write: Writers['write'] = async ({ topic, id }, started) => {
    const client = await pool.connect()
    await client.query('BEGIN')
    await outbox.publishRaw(client, [{ topic, key: id, value, headers: { id } }])
    started()
    await client.query('COMMIT')
    client.release()
  }
  try {
    return await work({ pool, write })
  } finally {
    await pool.end()
    await database.drop()
  }
}

/**
 * Sends 200 messages a second to the topic `name` and times each until a read_committed consumer has it, whose header `id` is
 * the message's. The first 4 seconds do not count.
 */
export async function race(
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
  // Its own commits of offsets would stand between the messages of one transaction.
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message }) => arrived(String(message.headers?.['id'])),
  })
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
