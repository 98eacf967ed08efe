// A service whose log says all there is to say: its inbox, its consumer, its idempotency keys, and kafkajs itself.
import { createIdempotency, createInbox, park, topic } from '@pigeonhole/core'
import { on, runInbox } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { logIdempotencyEvents, logInboxEvents, logInboxRunEvents } from 'pigeonhole/logs'
import { pino } from 'pino'

/** What the service is started with, in the variable `SERVICE`: all users of a machine see its command lines. */
export interface ServiceOptions {
  readonly databaseUrl: string
  readonly brokers: readonly string[]
  readonly password: string
  readonly name: string
  readonly topic: string
  /** What an operation is asked with. */
  readonly operation: { readonly key: string; readonly tenant: string; readonly input: string }
}

/** What the handler makes of a message. */
export interface Order {
  readonly fate: 'succeed' | 'throw' | 'duplicate' | 'misread' | 'park'
  readonly text: string
}

const options = JSON.parse(process.env['SERVICE'] ?? '{}') as ServiceOptions
const logger = pino({ level: 'trace' })
const pool = new pg.Pool({ connectionString: options.databaseUrl })
const store = postgresStore(pool)

const inbox = createInbox({
  store,
  name: options.name,
  parkedBackoff: { initialMs: 3_600_000, maxMs: 3_600_000 },
})
logInboxEvents(inbox, logger)
inbox.on('message:failed', ({ error }) => {
  // A listener that breaks: its own words would be its own matter, the database's detail is not.
  if ((error as { readonly code?: unknown }).code === '23505') throw error
})

const orders = topic<Order>(options.topic)
const handler = on<pg.ClientBase, Order>(orders, async ({ message: { value }, tx }) => {
  await tx.query('INSERT INTO orders (text) VALUES ($1)', [value.text])
  if (value.fate === 'throw') throw new RangeError(`cannot do ${value.text}`)
  if (value.fate === 'duplicate') await tx.query('INSERT INTO orders (text) VALUES ($1)', [value.text])
  if (value.fate === 'misread') await tx.query('SELECT $1::text::int', [value.text])
  if (value.fate === 'park') throw park(`no place for ${value.text}`)
})

const kafka = new Kafka({
  brokers: [...options.brokers],
  ssl: true,
  sasl: { mechanism: 'scram-sha-256', username: 'relay', password: options.password },
  logLevel: logLevel.DEBUG,
})
const run = await runInbox(kafka.consumer({ groupId: options.name }), inbox, {
  handlers: [handler],
  attempts: 2,
  backoff: { initialMs: 10, maxMs: 10 },
})
logInboxRunEvents(run, logger)

const idempotency = createIdempotency({ store })
logIdempotencyEvents(idempotency, logger)
const { input, ...asked } = options.operation
const request = { operation: 'POST /orders', ...asked, input }
const fails = async (): Promise<never> => {
  throw new RangeError(`cannot do ${input}`)
}
await idempotency.run(request, fails).catch(() => undefined)
await idempotency.run(request, async () => input)
await idempotency.run(request, async () => input)
await idempotency.run({ ...request, input: `not ${input}` }, fails).catch(() => undefined)

process.on('SIGTERM', async () => {
  await run.stop()
  await pool.end()
  logger.info({}, 'service has stopped')
})
