import {
  type KafkaCluster,
  type KafkaProxy,
  type PgBouncer,
  type PostgresProxy,
  type PostgresServer,
  startKafka,
  startKafkaProxy,
  startPgBouncer,
  startPostgres,
  startPostgresProxy,
} from '@pigeonhole/testing'

/** Servers of a run's own, so that they can be killed, and the proxies between everything. */
export class ChaosCluster implements AsyncDisposable {
  readonly postgres: PostgresServer
  /** Between PgBouncer, or a writer, and PostgreSQL. */
  readonly databaseProxy: PostgresProxy
  readonly bouncer: PgBouncer
  /** Between a relay and PgBouncer. */
  readonly bouncerProxy: PostgresProxy
  readonly kafka: KafkaCluster
  /** In front of each broker; what they advertise. */
  readonly kafkaProxies: readonly KafkaProxy[]

  private constructor(parts: Parts) {
    this.postgres = parts.postgres
    this.databaseProxy = parts.databaseProxy
    this.bouncer = parts.bouncer
    this.bouncerProxy = parts.bouncerProxy
    this.kafka = parts.kafka
    this.kafkaProxies = parts.kafkaProxies
  }

  static async start(): Promise<ChaosCluster> {
    const [database, brokers] = await Promise.all([startDatabase(), startBrokers()])
    return new ChaosCluster({ ...database, ...brokers })
  }

  /** `databaseUrl` as a relay reaches it: by way of PgBouncer. */
  urlOfRelays(databaseUrl: string): string {
    return withHost(databaseUrl, this.bouncerProxy.address)
  }

  /** `databaseUrl` as a writer reaches it. */
  urlOfWriters(databaseUrl: string): string {
    return withHost(databaseUrl, this.databaseProxy.address)
  }

  /** The network as it should be. Connections that were half-opened stay silent. */
  heal(): void {
    for (const proxy of [...this.kafkaProxies, this.databaseProxy, this.bouncerProxy]) proxy.heal()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.kafka.stop(), this.bouncer.stop()])
    await this.postgres.stop()
    for (const proxy of [...this.kafkaProxies, this.databaseProxy, this.bouncerProxy]) await proxy.stop()
  }
}

type Database = Pick<ChaosCluster, 'postgres' | 'databaseProxy' | 'bouncer' | 'bouncerProxy'>
type Brokers = Pick<ChaosCluster, 'kafka' | 'kafkaProxies'>
type Parts = Database & Brokers

const sources = ['docker', 'embedded'] as const

async function startDatabase(): Promise<Database> {
  // A crash takes back what lies in the log's buffers: with `synchronous_commit = off`, all since the last flush. A volume of 0
  // would wake the log's writer at every page.
  const settings = { wal_writer_delay: '10000', wal_writer_flush_after: '1GB', wal_buffers: '16MB' }
  const postgres = await startPostgres({ sources, settings })
  const databaseProxy = await startPostgresProxy({ target: new URL(postgres.url).host })
  const bouncer = await startPgBouncer({ url: withHost(postgres.url, databaseProxy.address) })
  const bouncerProxy = await startPostgresProxy({ target: new URL(bouncer.url).host })
  return { postgres, databaseProxy, bouncer, bouncerProxy }
}

async function startBrokers(): Promise<Brokers> {
  const kafkaProxies: KafkaProxy[] = []
  const kafka = await startKafka({
    brokers: 3,
    sources,
    advertise: async ({ id, address }) => {
      const proxy = await startKafkaProxy({ target: address })
      kafkaProxies[id - 1] = proxy
      return proxy.address
    },
  })
  return { kafka, kafkaProxies }
}

function withHost(url: string, host: string): string {
  const changed = new URL(url)
  changed.host = host
  return changed.href
}
