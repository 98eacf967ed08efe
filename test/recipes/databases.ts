import { createOutbox, createRelay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import type { Kafka } from 'kafkajs'
import pg from 'pg'

// #region databases
/** What one database needs: an outbox, and a relay whose name no other database has in this cluster. */
export function openDatabase(kafka: Kafka, relayName: string, connectionString: string) {
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 5_000 })
  const store = postgresStore(pool)
  const relay = createRelay({ name: relayName, store, publisher: kafkajsPublisher(kafka) })
  return { pool, store, outbox: createOutbox({ store }), relay }
}
// #endregion
