import { createOutbox } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, readLog, type TestDatabase } from '@pigeonhole/testing'
import pg from 'pg'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { WorkerProcess } from './worker-process.js'

const brokers = inject('kafkaBrokers')
const workers: WorkerProcess[] = []
let database: TestDatabase
let pool: pg.Pool
let topic: string

beforeEach(async () => {
  database = await createDatabase({ url: inject('databaseUrl') })
  await migrate({ connectionString: database.url })
  pool = new pg.Pool({ connectionString: database.url, max: 1 })
  topic = `${database.name}-orders`
  await createTopics(brokers, [{ topic, numPartitions: 1 }])
})
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()))
  await pool.end()
  await database.drop()
})

function startWorker(reached: readonly string[]): WorkerProcess {
  const worker = new WorkerProcess({
    DATABASE_URL: database.url,
    KAFKA_BROKERS: reached.join(','),
    PIGEONHOLE_NAME: database.name,
  })
  workers.push(worker)
  return worker
}

async function publish(value: string): Promise<void> {
  const store = postgresStore(pool)
  const outbox = createOutbox({ store })
  await store.transaction({ timeoutMs: 10_000 }, (tx) =>
    outbox.publishRaw(tx, [{ topic, key: value, value }]),
  )
}

it('a worker that alone does not reach Kafka leaves its shard to one that does', {
  timeout: 240_000,
}, async () => {
  const cutOff = startWorker(['127.0.0.1:1'])
  await cutOff.line({ message: 'lease taken' })
  await cutOff.line({ level: 'warn', code: 'BROKER_UNAVAILABLE' })
  // It has left the shard already where this one takes long to start.
  const other = startWorker(brokers)
  await publish('waits')
  await other.line({ state: 'publishing' }, { timeout: 60_000 })
  const sent = async (): Promise<readonly string[]> =>
    (await readLog({ brokers, topics: [topic] })).map(({ value }) => String(value))
  await expect.poll(sent, { timeout: 30_000 }).toEqual(['waits'])
  await cutOff.line({ state: 'standby' })
})
