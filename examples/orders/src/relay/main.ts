// A relay as a process of its own. `npx pigeonhole relay --name NAME` does the same and serves its health as well.
import { once } from 'node:events'
import pg from 'pg'
import { createRelay } from 'pigeonhole'
import { kafkajsPublisher } from 'pigeonhole/kafkajs'
import { postgresStore } from 'pigeonhole/postgres'
import { connectKafka, prefix, required } from '../settings.js'

const name = `${prefix}${required('RELAY_NAME')}`
const pool = new pg.Pool({ connectionString: required('DATABASE_URL') })
const kafka = connectKafka(name)

// #region relay
const relay = createRelay({ name, store: postgresStore(pool), publisher: kafkajsPublisher(kafka) })
await relay.start()
// #endregion
relay.on('shard:changed', ({ state, error }) => console.log(`relay ${name}: ${state}`, error ?? ''))

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
await relay.stop()
await pool.end()
