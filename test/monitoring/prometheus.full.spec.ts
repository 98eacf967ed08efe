import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { createOutbox } from '@pigeonhole/core'
import { migrate, postgresStore } from '@pigeonhole/postgres'
import { createDatabase, createTopics, type TestDatabase } from '@pigeonhole/testing'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { root } from '../docs/interface-docs.js'
import { runPigeonhole } from '../doctor/doctor-run.js'
import { soon } from '../operations/watched-service.js'
import { WorkerProcess } from '../operations/worker-process.js'
import { quietPool } from '../postgres/quiet-pool.js'
import { panels, type Target } from './dashboard.js'
import { MeasuredConsumer } from './measured-consumer.js'
import { PrometheusServer } from './prometheus-server.js'

/** An alert that waits for a minute or more before it fires: a busy machine may take as long to look. */
const waitsOrFires = [expect.stringMatching(/^(pending|firing)$/)]
const patienceMs = 60_000
const name = `prometheus-${randomBytes(4).toString('hex')}`
const topics = { orders: `${name}-orders`, small: `${name}-small`, missing: `${name}-missing` }
const brokers = inject('kafkaBrokers')

let prometheus: PrometheusServer
let database: TestDatabase
let pool: pg.Pool
let consumer: MeasuredConsumer
let worker: WorkerProcess

beforeAll(async () => {
  database = await createDatabase({ url: inject('databaseUrl') })
  pool = quietPool(database.url)
  await migrate({ pool })
  await createTopics(brokers, [
    { topic: topics.orders, numPartitions: 1 },
    { topic: topics.small, numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: '1000' }] },
  ])
  prometheus = await PrometheusServer.start(path.join(root, 'packages/pigeonhole/monitoring/alerts.yml'))
}, 120_000)
afterAll(async () => {
  await worker?.kill()
  await consumer?.[Symbol.asyncDispose]()
  await prometheus[Symbol.asyncDispose]()
  await pool.end()
  await database.drop()
})

/** A worker that measures often, scraped from now on instead of the one before. */
async function startWorker(kafkaBrokers: readonly string[]): Promise<void> {
  worker = new WorkerProcess({
    DATABASE_URL: database.url,
    KAFKA_BROKERS: kafkaBrokers.join(','),
    PIGEONHOLE_NAME: name,
    PIGEONHOLE_MEASURE_MS: '200',
  })
  const { health } = await worker.line({ message: 'relay starts' })
  await prometheus.scrape([String(health)])
}

/** Commits a message, whose key is its value. */
async function publish(topic: string, value: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const outbox = createOutbox({ store: postgresStore(pool) })
    await outbox.publishRaw(client, [{ topic, key: value.slice(0, 20), value }])
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

type Shown = Readonly<Record<string, 'positive' | 'zero' | 'nothing'>>

const seen = new Set<string>()

/** What a panel shows: its series as its legend names them, and what there is of each. */
async function shownBy(title: string): Promise<Shown> {
  const panel = panels.find((each) => each.title === title)
  if (!panel) throw new Error(`The dashboard has no panel "${title}"`)
  seen.add(title)
  const shown = await Promise.all(panel.targets.map(seriesOf))
  return Object.fromEntries(shown.flat())
}

async function seriesOf({ expr, legendFormat }: Target): Promise<[string, Shown[string]][]> {
  const samples = await prometheus.query(expr)
  return samples.map(({ labels, value }) => {
    const legend = legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (whole, label) => labels[label] ?? whole)
    return [legend, value > 0 ? 'positive' : value === 0 ? 'zero' : 'nothing']
  })
}

async function shows(title: string, wanted: Shown): Promise<void> {
  await soon(() => shownBy(title), patienceMs).toMatchObject(wanted)
}

/** The states of the alerts of a name: pending or firing. */
async function alertsOf(name: string): Promise<string[]> {
  const active = await prometheus.alerts()
  return active.filter(({ labels }) => labels['alertname'] === name).map(({ state }) => state)
}

/** A counter shows a rate once two scrapes have seen it, and differ. */
async function isScraped(series: string, value: number): Promise<void> {
  await soon(() => prometheus.query(series), patienceMs).toMatchObject([{ value }])
}

// Each begins where the one before has ended, as a service's day would.
describe('a Prometheus that scrapes a service', { timeout: 400_000 }, () => {
  it('takes the rules, evaluates each of them, and waits for a worker', async () => {
    await soon(
      () => prometheus.rules().then((rules) => rules.map(({ health }) => health)),
      patienceMs,
    ).toEqual(Array(13).fill('ok'))
    await soon(() => alertsOf('PigeonholeNoWorkerRuns'), patienceMs).toEqual(waitsOrFires)
  })

  it('shows what waits while Kafka is away, for how long, and that the shard opens again and again', async () => {
    await startWorker(['127.0.0.1:1'])
    await publish(topics.orders, 'first')
    await shows('Pending messages', { 'shard 0': 'positive' })
    await shows('Oldest unpublished message', { 'shard 0': 'positive' })
    await shows('Workers by state', { 'shard 0 publishing': 'zero' })
    await shows('Openings after trouble', { 'shard 0 BROKER_UNAVAILABLE': 'positive' })
    await soon(() => alertsOf('PigeonholeNobodySends'), patienceMs).toEqual(waitsOrFires)
    await worker.kill()
  })

  it('shows what is sent once Kafka is there, and how long batches take', async () => {
    await startWorker(brokers)
    await isScraped('pigeonhole_relay_published_total', 1)
    await publish(topics.orders, 'second')
    await shows('Published', { 'shard 0': 'positive' })
    await shows('Time of a batch', { median: 'positive', '99 %': 'positive' })
    await shows('Pending messages', { 'shard 0': 'zero' })
    await shows('Oldest unpublished message', { 'shard 0': 'zero' })
    await shows('Workers by state', { 'shard 0 publishing': 'positive', 'shard 0 halted': 'zero' })
    await shows('Size of tables', { outbox_message: 'positive', parked_message: 'positive' })
    await shows('Age of the measurement', { age: 'positive' })
    await soon(() => alertsOf('PigeonholeNobodySends'), patienceMs).toEqual([])
    await soon(() => alertsOf('PigeonholeNoWorkerRuns'), patienceMs).toEqual([])
  })

  it('shows who holds PostgreSQL back', async () => {
    await shows('Oldest transaction id in use', { age: 'zero' })
    const client = await pool.connect()
    await client.query('BEGIN; SELECT pg_current_xact_id()')
    await shows('Oldest transaction id in use', { age: 'positive' })
    await client.query('ROLLBACK')
    client.release()
    await shows('Oldest transaction id in use', { age: 'zero' })
  })

  it('shows what is parked and paused, fires while it is, and no longer', async () => {
    await shows('Parked and paused', { 'parked in the outbox': 'zero', 'paused topics': 'zero' })
    expect(await alertsOf('PigeonholeMessagesAreParked')).toEqual([])
    await publish(topics.small, 'x'.repeat(3_000))
    await publish(topics.missing, 'early')
    await shows('Parked and paused', { 'parked in the outbox': 'positive', 'paused topics': 'positive' })
    await soon(() => alertsOf('PigeonholeMessagesAreParked'), patienceMs).toEqual(['firing'])
    await soon(() => alertsOf('PigeonholeTopicsArePaused'), patienceMs).toEqual(waitsOrFires)
    const summaries = (await prometheus.alerts()).map(({ annotations }) => annotations['summary'])
    expect(summaries).toContain('Messages of the outbox are parked')
    const discard = ['parked', 'discard', '--topic', topics.small, '--key', 'x'.repeat(20), '--yes']
    expect(await runPigeonhole(discard, { DATABASE_URL: database.url })).toMatchObject({ code: 0 })
    await createTopics(brokers, [{ topic: topics.missing, numPartitions: 1 }])
    await shows('Parked and paused', { 'parked in the outbox': 'zero', 'paused topics': 'zero' })
    await soon(() => alertsOf('PigeonholeMessagesAreParked'), patienceMs).toEqual([])
    await soon(() => alertsOf('PigeonholeTopicsArePaused'), patienceMs).toEqual([])
  })

  it('shows what becomes of the messages of an inbox, and fires for the first that is parked', async () => {
    const { health } = await worker.line({ message: 'relay starts' })
    consumer = await MeasuredConsumer.start({ pool, brokers, topic: topics.orders })
    await prometheus.scrape([String(health), consumer.url])
    await isScraped('pigeonhole_inbox_handled_total{outcome="handled"}', 2)
    await publish(topics.orders, 'third')
    await shows('Messages of inboxes', { 'billing handled': 'positive' })
    await shows('Time of a handler, 99 %', { [`billing ${topics.orders}`]: 'positive' })
    expect(await alertsOf('PigeonholeInboxParks')).toEqual([])
    await publish(topics.orders, 'bad 1')
    await isScraped('pigeonhole_inbox_handled_total{outcome="parked"}', 1)
    await soon(() => alertsOf('PigeonholeInboxParks'), patienceMs).toEqual(['firing'])
    await publish(topics.orders, 'bad 2')
    await shows('Messages of inboxes', { 'billing parked': 'positive', 'billing failed': 'positive' })
  })

  it('shows what becomes of requests with idempotency keys', async () => {
    const run = (key: string) =>
      consumer.idempotency.run({ operation: 'POST /orders', key, input: key }, async () => 'done')
    await run('a')
    await isScraped('pigeonhole_idempotency_total{outcome="done"}', 1)
    await run('b')
    await run('b')
    await isScraped('pigeonhole_idempotency_total{outcome="replayed"}', 1)
    await run('b')
    await shows('Requests with idempotency keys', {
      'POST /orders done': 'positive',
      'POST /orders replayed': 'positive',
    })
  })

  it('has shown every panel of the dashboard', () => {
    expect([...seen].toSorted()).toEqual(panels.map(({ title }) => title).toSorted())
  })
})
