import { createRelay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { programOptions } from './relay-child.js'

const { databaseUrl, brokers, topic, shards = 1 } = programOptions()

const relay = createRelay({
  name: topic,
  shards,
  store: postgresStore(new pg.Pool({ connectionString: databaseUrl })),
  publisher: kafkajsPublisher(
    new Kafka({ clientId: topic, brokers: [...brokers], logLevel: logLevel.NOTHING }),
  ),
})
relay.on('shard:changed', ({ error }) => {
  if (error) process.stderr.write(`${topic}: ${String(error)}\n`)
})
await relay.start()
