import { hostname } from 'node:os'
import { createMonitor, createRelay, type Monitor, type Relay, type RelayTracing } from '@pigeonhole/core'
import { kafkajsPublisher, readLags } from '@pigeonhole/kafkajs'
import { type PostgresStore, postgresStore } from '@pigeonhole/postgres'
import type pg from 'pg'
import type { CommandContext } from '../command/context.js'
import { withPool } from '../command/with-pool.js'
import { describeDatabase } from '../configuration/describe-database.js'
import { given } from '../configuration/given.js'
import { relaySettings } from '../configuration/relay-settings.js'
import { resolveSettings } from '../configuration/resolve-settings.js'
import type { Values } from '../configuration/setting.js'
import { sourcesOf } from '../configuration/sources.js'
import { warnOfUnknownVariables } from '../configuration/unknown-variables.js'
import { logMonitorEvents } from '../logs/log-monitor-events.js'
import { logRelayEvents } from '../logs/log-relay-events.js'
import type { Logger } from '../logs/logger.js'
import { find } from '../page/find.js'
import { isLoopback } from '../page/loopback.js'
import { pageSource } from '../page/page-source.js'
import { parkedActions } from '../page/parked-actions.js'
import { ShardReporter } from '../page/shard-reporter.js'
import { type HealthServer, serveHealth } from '../worker/health-server.js'
import { briefRetry, createKafka } from '../worker/kafka-client.js'
import { createLogger } from '../worker/logger.js'
import { workerMetrics } from '../worker/metrics.js'
import { readinessOf } from '../worker/readiness.js'
import { listenForSignals } from '../worker/signals.js'
import { workerTracing } from '../worker/tracing.js'

/** What this worker is called on the pages of others: in a cluster of containers, its host is the container. */
const workerName = `${hostname()}:${process.pid}`

type RelayValues = Values<typeof relaySettings>

/** `pigeonhole relay`: runs a relay, with health endpoints and a page, until a signal tells it to stop. */
export async function relay({ flags, environment, file, terminal }: CommandContext): Promise<void> {
  const values = resolveRelaySettings({ flags, environment, file, terminal })
  const logger = createLogger(values.logLevel)
  warnOfUnknownVariables(environment, (warning) => logger.warn({}, warning))
  const tracing = values.traces ? await workerTracing(logger) : undefined
  await withPool(poolConfigOf(values), (pool) =>
    serve(openWorker(values, { pool, logger, tracing }), values, logger),
  )
}

// A setting may be missing because the variable that was meant is misspelt, and there is no logger yet.
function resolveRelaySettings({
  flags,
  environment,
  file,
  terminal,
}: Omit<CommandContext, 'words'>): RelayValues {
  try {
    return resolveSettings(relaySettings, sourcesOf({ flags, environment, file }))
  } catch (error) {
    warnOfUnknownVariables(environment, (warning) => terminal.warn(`${warning}\n`))
    throw error
  }
}

/** What a worker is made from. */
interface WorkerParts {
  readonly pool: pg.Pool
  readonly logger: Logger
  readonly tracing: RelayTracing | undefined
}

/** What runs in this process. */
interface Worker {
  readonly relay: Relay
  readonly monitor: Monitor
  readonly store: PostgresStore
}

async function serve(running: Worker, values: RelayValues, logger: Logger): Promise<void> {
  const signals = listenForSignals()
  const { relay: worker, monitor, store } = running
  const reporter = new ShardReporter({ relay: worker, store, worker: workerName, logger })
  const health = await openHealth(running, values, logger)
  try {
    const { name, schema, brokers } = values
    const database = describeDatabase(values.databaseUrl)
    logger.info({ name, database, schema, brokers, health: health.url }, 'relay starts')
    reporter.start()
    await Promise.all([worker.start(), monitor.start()])
    const signal = await signals.first
    logger.info({ signal }, 'relay drains and stops; a second signal ends it at once')
    await worker.stop()
    await monitor.stop()
    logger.info({}, 'relay has stopped')
  } finally {
    await reporter.stop()
    await health.close()
    signals.release()
  }
}

function openHealth(
  { relay: worker, monitor, store }: Worker,
  values: RelayValues,
  logger: Logger,
): Promise<HealthServer> {
  const { name, host, port, pageToken, brokers } = values
  // Keys and errors may tell of people: whoever reaches the port from elsewhere does not see them.
  const privacy = isLoopback(host) ? 'keys and errors' : 'codes'
  const decisions = pageToken === undefined ? undefined : { actions: parkedActions(store), token: pageToken }
  const decides = decisions !== undefined
  const kafka = createKafka(values, { name, logger, retry: briefRetry(brokers) })
  const state = pageSource({
    name,
    worker: workerName,
    privacy,
    decides,
    relay: worker,
    monitor,
    look: () => find(store, privacy),
    readLags: (positions) => readLags(kafka, positions),
  })
  const metrics = workerMetrics(worker, monitor)
  return serveHealth({
    host,
    port,
    metrics,
    page: { state, decisions },
    readiness: () => readinessOf(worker.shards),
  })
}

function poolConfigOf({ databaseUrl, name, shards = 1 }: RelayValues): pg.PoolConfig {
  return {
    connectionString: databaseUrl,
    application_name: `pigeonhole relay ${name}`,
    max: connectionsFor(shards),
  }
}

// Two for each shard, one of which renews its lease, and some for whatever asks beside them.
function connectionsFor(shards: number): number {
  return Math.max(10, 2 * shards + 2)
}

/** @throws OPTION_INVALID, KAFKAJS_UNSUPPORTED */
function openWorker(values: RelayValues, { pool, logger, tracing }: WorkerParts): Worker {
  const store = postgresStore(pool, { schema: values.schema, ...storeTimeout(values) })
  const relay = openRelay(values, store, { logger, tracing })
  relay.on('map:read', ({ shards }) => {
    pool.options.max = Math.max(pool.options.max, connectionsFor(shards.length))
  })
  const monitor = createMonitor({ store, ...given(values, ['measureMs', 'longTransactionMs']) })
  logMonitorEvents(monitor, logger)
  return { relay, monitor, store }
}

function openRelay(
  values: RelayValues,
  store: PostgresStore,
  { logger, tracing }: Omit<WorkerParts, 'pool'>,
): Relay {
  const { name } = values
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
      'retentionMs',
    ]),
    name,
    store,
    ...(tracing && { tracing }),
    publisher: kafkajsPublisher(
      kafka,
      given(values, ['transactionTimeoutMs', 'maxRequestBytes', 'checkpointReplicationFactor']),
    ),
  })
  logRelayEvents(worker, logger)
  return worker
}

// A call to the database ends before the lease does.
function storeTimeout({ leaseMs }: RelayValues): { readonly relayTimeoutMs?: number } {
  return leaseMs === undefined ? {} : { relayTimeoutMs: Math.ceil(leaseMs * 0.8) }
}
