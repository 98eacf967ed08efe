import { setTimeout as sleep } from 'node:timers/promises'
import { type KafkaConnect, startKafkaConnect } from '@pigeonhole/testing'
import type pg from 'pg'
import type { BenchServers } from '../bench-servers.js'
import { dropSlot } from './drop-slot.js'
import { filledValue, type Peer, type PeerPlace, type PeerRelay } from './peer.js'

/** The table that Debezium's documentation gives its outbox event router. */
const table = `
  CREATE TABLE public.outbox (
    id uuid NOT NULL PRIMARY KEY,
    aggregatetype varchar(255) NOT NULL,
    aggregateid varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    payload jsonb)`

const columns = 'public.outbox (id, aggregatetype, aggregateid, type, payload)'

/** Debezium's outbox event router on one worker of Kafka Connect, with exactly-once source support. */
export async function debezium({ brokers }: BenchServers): Promise<Peer> {
  // As a worker in production is started, not as one for tests: both compilers of the JVM, and Connect's own 2 GB of heap at most.
  const jvmOptions = ['-Xmx2g', '-XX:TieredStopAtLevel=4', '-XX:+UseG1GC', '-XX:-UseSerialGC']
  const connect = await startKafkaConnect({ brokers, group: 'bench-connect', jvmOptions })
  return {
    name: "Debezium's outbox router",
    version: connect.title,
    promise: 'exactly once',
    install: async (place) => {
      await place.pool.query(table)
      await place.pool.query(
        `CREATE PUBLICATION ${slotOf(place)} FOR TABLE public.outbox WITH (publish = 'insert')`,
      )
      return relay(connect, place)
    },
    [Symbol.asyncDispose]: () => connect.stop(),
  }
}

function relay(connect: KafkaConnect, place: PeerPlace): PeerRelay {
  const { pool, topic } = place
  let configured = false
  return {
    publish: async (client, { id, key, value }) => {
      await client.query(`INSERT INTO ${columns} VALUES ($1, $2, $3, $4, $5)`, [
        id,
        topic,
        key,
        'bench',
        value,
      ])
    },
    fill: async (messages) => {
      await pool.query(
        `INSERT INTO ${columns} SELECT gen_random_uuid(), $1, 'key-' || i % 1000, 'bench', (${filledValue})::jsonb
         FROM generate_series(1, $2::int) AS i`,
        [topic, messages],
      )
    },
    // A worker that was killed finds its connectors in Kafka when it comes back.
    start: async () => {
      if (configured) return await connect.restart()
      await connect.configure(topic, connectorSettings(place))
      configured = true
      await slotInUse(pool, slotOf(place))
    },
    kill: () => connect.kill(),
    stop: async () => {
      await connect.remove(topic)
      await dropSlot(pool, slotOf(place))
    },
  }
}

function slotOf({ topic }: PeerPlace): string {
  return topic.replaceAll('-', '_')
}

// What is committed before there is a slot is never sent.
async function slotInUse(pool: pg.Pool, slot: string): Promise<void> {
  for (;;) {
    const { rows } = await pool.query('SELECT FROM pg_replication_slots WHERE slot_name = $1 AND active', [
      slot,
    ])
    if (rows.length > 0) return
    await sleep(50)
  }
}

/** Debezium's defaults, but for what names things, what keeps key and payload as they are, and two that make it quicker. */
function connectorSettings(place: PeerPlace): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(place.databaseUrl)
  const asText = 'org.apache.kafka.connect.storage.StringConverter'
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'tasks.max': '1',
    'exactly.once.support': 'required',
    'transaction.boundary': 'poll',
    'database.hostname': hostname,
    'database.port': port,
    'database.user': decodeURIComponent(username),
    'database.password': decodeURIComponent(password),
    'database.dbname': pathname.slice(1),
    'topic.prefix': place.topic,
    'plugin.name': 'pgoutput',
    'publication.name': slotOf(place),
    'publication.autocreate.mode': 'disabled',
    'slot.name': slotOf(place),
    'snapshot.mode': 'no_data',
    'table.include.list': 'public.outbox',
    'tombstones.on.delete': 'false',
    // 500 by default, which is what a message then waits for others.
    'poll.interval.ms': '10',
    // 60000 by default, for which a killed worker's open transaction keeps the next one from reading its offsets.
    'producer.override.transaction.timeout.ms': '10000',
    transforms: 'outbox',
    'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
    'transforms.outbox.route.topic.replacement': '$' + '{routedByValue}',
    'key.converter': asText,
    'value.converter': asText,
    'header.converter': asText,
  }
}
