import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { sendLot } from '../skip-locked-lot.js'
import { programOptions } from './relay-child.js'

/** Between two looks at an empty table, in milliseconds. */
const idleMs = 10

const { databaseUrl, brokers, topic } = programOptions()

const client = new pg.Client({ connectionString: databaseUrl })
await client.connect()
const kafka = new Kafka({ clientId: topic, brokers: [...brokers], logLevel: logLevel.NOTHING })
const producer = kafka.producer({ idempotent: true })
await producer.connect()
for (;;) {
  if ((await sendLot({ client, producer, topic })) === 0) await sleep(idleMs)
}
