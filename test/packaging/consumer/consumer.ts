// A user's program: typed against every export path of the installed package, and run against real servers.
import { Console } from 'node:console'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { createInbox, createOutbox, createRelay, isPigeonholeError, topic } from 'pigeonhole'
import { kafkajsPublisher, on, runInbox } from 'pigeonhole/kafkajs'
import { logInboxEvents } from 'pigeonhole/logs'
import { measureInbox } from 'pigeonhole/metrics'
import { openTelemetryTracing } from 'pigeonhole/opentelemetry'
import { postgresStore } from 'pigeonhole/postgres'
import { prismaStore } from 'pigeonhole/prisma'
import { Registry } from 'prom-client'
import type { PrismaClient } from './generated/client.js'

interface Greeting {
  readonly text: string
}

const {
  DATABASE_URL: connectionString = '',
  PIGEONHOLE_SCHEMA: schema = '',
  KAFKA_BROKERS = '',
  TOPIC = '',
} = process.env
const greetings = topic<Greeting>(TOPIC, { key: (greeting) => greeting.text })

/** Checked by the compiler alone. */
export async function publishThroughPrisma(prisma: PrismaClient): Promise<void> {
  const outbox = createOutbox({ store: prismaStore(prisma) })
  await prisma.$transaction(async (tx) => {
    const order = await tx.order.findFirstOrThrow({ orderBy: { number: 'desc' } })
    await outbox.publish(tx, greetings, { text: order.id })
    // @ts-expect-error the value is not the topic's
    await outbox.publish(tx, greetings, { text: order.number })
  })
  // @ts-expect-error the client is no transaction
  await outbox.publish(prisma, greetings, { text: 'outside' })
}

const pool = new pg.Pool({ connectionString })
const kafka = new Kafka({ brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING })
const store = postgresStore(pool, { schema })
const tracing = openTelemetryTracing()
const outbox = createOutbox({ store, tracing })

const client = await pool.connect()
await client.query('BEGIN')
await outbox.publish(client, greetings, { text: 'hello' })
await client.query('COMMIT')
const outside: unknown = await outbox
  .publish(client, greetings, { text: 'outside' })
  .catch((error: unknown) => error)
client.release()
if (isPigeonholeError(outside, 'OUTSIDE_TRANSACTION')) console.log(`refused: ${outside.code}`)

const relay = createRelay({ name: TOPIC, store, publisher: kafkajsPublisher(kafka), tracing })
await relay.start()
const handled = await new Promise<Greeting>((resolve, reject) => {
  const inbox = createInbox({ store, name: 'consumer', tracing })
  measureInbox(inbox, { register: new Registry() })
  logInboxEvents(inbox, new Console(process.stderr))
  const handlers = [on(greetings, async ({ message }) => resolve(message.value))]
  runInbox(kafka.consumer({ groupId: TOPIC }), inbox, { handlers }).catch(reject)
})
console.log(`handled: ${handled.text}`)
process.exit()
