import type { ServerSource } from './server-source.js'

/** A Kafka cluster for tests. */
export interface KafkaCluster extends AsyncDisposable {
  /** Bootstrap addresses, `host:port`: what the brokers advertise. They stay the same when a node is killed and comes back. */
  readonly brokers: string[]
  /** Addresses of the secured listener; none where none was asked for. */
  readonly securedBrokers: readonly string[]
  readonly source: ServerSource
  readonly nodes: readonly KafkaNode[]
  /** Ends the cluster and removes its data. Does nothing to a cluster of the environment, nor a second time. */
  stop(): Promise<void>
}

/** Where a broker listens for clients, before it says so. */
export interface BrokerEndpoint {
  /** Its broker id. */
  readonly id: number
  /** `host:port`, reachable from here. */
  readonly address: string
}

/** One broker. Each call throws PROVISIONING_FAILED for a cluster of the environment. */
export interface KafkaNode {
  /** Its broker id. */
  readonly id: number
  /** SIGKILL; its files stay. */
  kill(): Promise<void>
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): Promise<void>
  /** Ends a pause. */
  resume(): Promise<void>
  /** Starts it on its files, after shutting it down first if it runs; resolves when all brokers are in the cluster. */
  restart(): Promise<void>
}

/** Options of {@link startKafka}. */
export interface StartKafkaOptions {
  /** With 3, topics have three replicas of which two must acknowledge. */
  readonly brokers: 1 | 3
  /** Broker settings by name, such as `{ 'message.max.bytes': '2000000' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /**
   * What each broker tells clients to connect to, `host:port`, asked before any broker starts: a proxy in front of it.
   * The brokers reach each other past it. Default: where it listens. A cluster of the environment is passed over.
   */
  readonly advertise?: (broker: BrokerEndpoint) => string | Promise<string>
  /** A further listener, by TLS and SASL. Brokers of this machine alone have one: other sources are passed over. */
  readonly secured?: SecuredListener
  /** Where the cluster may come from, in order. Default: environment, docker, embedded. */
  readonly sources?: readonly ServerSource[]
  /** Hears of what takes long or was passed over, a line at a time. Default: standard error. */
  readonly log?: (line: string) => void
}

/** A listener that takes PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 over TLS. */
export interface SecuredListener {
  /** The certificate that it shows, and those behind it. PEM. */
  readonly certificate: string
  /** Its key. PEM, PKCS #8, without a password. */
  readonly key: string
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>
}

/** The settings of every broker, whichever way it is started. */
export function kafkaSettings(options: StartKafkaOptions): Record<string, string> {
  const replicas = options.brokers === 3 ? '3' : '1'
  const inSync = options.brokers === 3 ? '2' : '1'
  return {
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    // A killed broker may come back, and its partitions move, only once its session has run out.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
    // Small machines: a broker for tests has little to do.
    'num.network.threads': '2',
    'num.io.threads': '4',
    'log.cleaner.dedupe.buffer.size': '2097152',
    ...options.settings,
  }
}
