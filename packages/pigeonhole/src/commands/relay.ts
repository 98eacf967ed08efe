import { createRelay, type Relay } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { postgresStore } from '@pigeonhole/postgres'
import pg from 'pg'
import type { CommandContext } from '../command/context.js'
import { describeDatabase } from '../configuration/describe-database.js'
import { given } from '../configuration/given.js'
import { relaySettings } from '../configuration/relay-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import type { Values } from '../configuration/setting.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { serveHealth } from '../worker/health-server.js'
import { createKafka } from '../worker/kafka-client.js'
import { logRelayEvents } from '../worker/log-relay-events.js'
import { createLogger, type Logger } from '../worker/logger.js'
import { readinessOf } from '../worker/readiness.js'
import { listenForSignals } from '../worker/signals.js'

type RelayValues = Values<typeof relaySettings>

/** `pigeonhole relay`: runs a relay, with health endpoints, until a signal tells it to stop. */
export async function relay({ flags, environment, terminal }: CommandContext): Promise<void> {
  const values = resolveRelaySettings({ flags, environment, terminal })
  const logger = createLogger(values.logLevel)
  warnOfUnknownVariables(environment, (warning) => logger.warn(warning))
  const pool = createPool(values)
  try {
    await serve(openRelay(values, pool, logger), values, logger)
  } finally {
    await pool.end()
  }
}

// A setting may be missing because the variable that was meant is misspelt, and there is no logger yet.
function resolveRelaySettings({ flags, environment, terminal }: CommandContext): RelayValues {
  try {
    return resolveSettings(relaySettings, sourcesOf(flags, environment))
  } catch (error) {
    warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
    throw error
  }
}

async function serve(worker: Relay, values: RelayValues, logger: Logger): Promise<void> {
  const signals = listenForSignals()
  const { host, port } = values
  const health = await serveHealth({ host, port, readiness: () => readinessOf(worker.shards) })
  try {
    const { name, schema, brokers } = values
    const database = describeDatabase(values.databaseUrl)
    logger.info({ name, database, schema, brokers, health: health.url }, 'relay starts')
    await worker.start()
    const signal = await signals.first
    logger.info({ signal }, 'relay drains and stops; a second signal ends it at once')
    await worker.stop()
    logger.info('relay has stopped')
  } finally {
    await health.close()
    signals.release()
  }
}

function createPool({ databaseUrl, name, shards = 1 }: RelayValues): pg.Pool {
  return new pg.Pool({
    connectionString: databaseUrl,
    application_name: `pigeonhole relay ${name}`,
    max: connectionsFor(shards),
  })
}

// Two for each shard, one of which renews its lease, and some for whatever asks beside them.
function connectionsFor(shards: number): number {
  return Math.max(10, 2 * shards + 2)
}

/** @throws OPTION_INVALID, KAFKAJS_UNSUPPORTED */
function openRelay(values: RelayValues, pool: pg.Pool, logger: Logger): Relay {
  const { name, schema } = values
  const kafka = createKafka(values, { name, logger })
  const worker = createRelay({
    ...given(values, [
      'shards',
      'batchRows',
      'batchBytes',
      'leaseMs',
      'renewMs',
      'openTimeoutMs',
      'drainTimeoutMs',
      'pollMs',
      'idlePollMs',
    ]),
    name,
    store: postgresStore(pool, { schema, ...storeTimeout(values) }),
    publisher: kafkajsPublisher(
      kafka,
      given(values, ['transactionTimeoutMs', 'maxRequestBytes', 'checkpointReplicationFactor']),
    ),
  })
  worker.on('map:read', ({ shards }) => {
    pool.options.max = Math.max(pool.options.max, connectionsFor(shards.length))
  })
  logRelayEvents(worker, logger)
  return worker
}

// A call to the database ends before the lease does.
function storeTimeout({ leaseMs }: RelayValues): { readonly relayTimeoutMs?: number } {
  return leaseMs === undefined ? {} : { relayTimeoutMs: Math.ceil(leaseMs * 0.8) }
}
