import { createRequire } from 'node:module'
import type pg from 'pg'
import {
  DatabaseSetup,
  getDisabledLogger,
  initializeMessageStorage,
  type PollingListenerConfig,
  type ReplicationListenerConfig,
} from 'pg-transactional-outbox'
import { dropSlot } from './drop-slot.js'
import { filledValue, type Peer, type PeerPlace, type PeerRelay } from './peer.js'
import { type Program, RelayChild } from './relay-child.js'

const { version } = createRequire(import.meta.url)('pg-transactional-outbox/package.json') as {
  version: string
}

/** Of the example of an outbox in its README, as is all that is not said otherwise. */
const settings = {
  dbSchema: 'public',
  dbTable: 'outbox',
  enableMaxAttemptsProtection: false,
  enablePoisonousMessageProtection: false,
}

/**
 * Its polling listener, as fast as it gets without losing the order: 50 messages at once where the example has 5, looked for
 * every 10 ms where the example waits 250, with a connection for each message at work.
 */
export function pollingConfig(databaseUrl: string): PollingListenerConfig {
  const pool = { connectionString: databaseUrl, max: 50 }
  return {
    outboxOrInbox: 'outbox',
    dbListenerConfig: pool,
    settings: {
      ...settings,
      nextMessagesBatchSize: 50,
      nextMessagesFunctionName: 'next_outbox_messages',
      nextMessagesPollingIntervalInMs: 10,
    },
  }
}

/** Its listener for the write-ahead log. A killed one's slot is asked for again after 250 ms, not after 10 s. */
export function replicationConfig(databaseUrl: string, topic: string): ReplicationListenerConfig {
  const name = topic.replaceAll('-', '_')
  return {
    outboxOrInbox: 'outbox',
    dbListenerConfig: { connectionString: databaseUrl },
    settings: {
      ...settings,
      dbPublication: name,
      dbReplicationSlot: name,
      restartDelaySlotInUseInMs: 250,
    },
  }
}

/** pg-transactional-outbox with its polling listener. */
export function pollingListener(): Peer {
  return {
    ...common('polling'),
    install: async (place) => {
      const config = pollingConfig(place.databaseUrl)
      const names = { ...tableOf(place), nextMessagesName: config.settings.nextMessagesFunctionName }
      await place.pool.query(DatabaseSetup.dropAndCreateTable(names))
      await place.pool.query(DatabaseSetup.createPollingFunction(names))
      await place.pool.query(DatabaseSetup.setupPollingIndexes(names))
      return relay(place, 'polling-listener-process')
    },
  }
}

/** pg-transactional-outbox with its listener for the write-ahead log, one message at a time as its README shows it. */
export function replicationListener(): Peer {
  return {
    ...common('logical replication'),
    install: async (place) => {
      const { dbPublication, dbReplicationSlot } = replicationConfig(place.databaseUrl, place.topic).settings
      const names = { ...tableOf(place), publication: dbPublication, replicationSlot: dbReplicationSlot }
      await place.pool.query(DatabaseSetup.dropAndCreateTable(names))
      await place.pool.query(
        `CREATE PUBLICATION ${dbPublication} FOR TABLE public.outbox WITH (publish = 'insert')`,
      )
      await place.pool.query(DatabaseSetup.setupReplicationSlot(names))
      const made = relay(place, 'replication-listener-process')
      const stop = async (): Promise<void> => {
        await made.stop()
        await dropSlot(place.pool, dbReplicationSlot)
      }
      return { ...made, stop }
    },
  }
}

function common(listener: string): Omit<Peer, 'install'> {
  return {
    name: `pg-transactional-outbox, ${listener}`,
    version,
    promise: 'at least once',
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function tableOf({ databaseUrl }: PeerPlace) {
  const { pathname, username } = new URL(databaseUrl)
  const place = { database: pathname.slice(1), schema: settings.dbSchema, table: settings.dbTable }
  return { ...place, outboxOrInbox: 'outbox' as const, listenerRole: username }
}

function relay({ servers, databaseUrl, pool, topic }: PeerPlace, program: Program): PeerRelay {
  const store = initializeMessageStorage({ outboxOrInbox: 'outbox', settings }, getDisabledLogger())
  const child = new RelayChild(program, { databaseUrl, brokers: servers.brokers, topic })
  return {
    publish: async (client, { id, key, value }) => {
      const message = { id, aggregateType: topic, aggregateId: key, messageType: 'bench', segment: key }
      await store({ ...message, payload: JSON.parse(value) }, client)
    },
    fill: (messages) => fill(pool, topic, messages),
    start: () => child.start(),
    kill: () => child.kill(),
    stop: () => child.kill(),
  }
}

async function fill(pool: pg.Pool, topic: string, messages: number): Promise<void> {
  await pool.query(
    `INSERT INTO public.outbox (id, aggregate_type, aggregate_id, message_type, segment, payload)
     SELECT gen_random_uuid(), $1, 'key-' || i % 1000, 'bench', 'key-' || i % 1000, (${filledValue})::jsonb
     FROM generate_series(1, $2::int) AS i`,
    [topic, messages],
  )
}
