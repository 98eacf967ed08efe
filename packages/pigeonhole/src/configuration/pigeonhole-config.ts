import type { SaslMechanism } from './kafka-settings.js'
import type { LogLevel } from './relay-settings.js'

/**
 * What a configuration file (`pigeonhole.config.mjs`) may say: the settings of all commands. A flag counts before its variable, a
 * variable before what stands in the file. Times are in milliseconds, sizes in bytes. Take secrets from the environment.
 */
export interface PigeonholeConfig {
  /** Names the relay in Kafka: one name for each outbox, the same for all its workers, never changed. Needed by `relay`. */
  readonly name?: string
  /** The PostgreSQL database with the outbox: `postgresql://user:password@host:5432/database`. Needed by all commands. */
  readonly databaseUrl?: string
  /** The PostgreSQL schema of Pigeonhole's tables. @default 'pigeonhole' */
  readonly schema?: string
  /** Bootstrap addresses of the Kafka cluster, each `host:port`. Needed by what speaks to Kafka. */
  readonly brokers?: readonly string[]
  /** Connect to Kafka by TLS. A private authority goes into Node's own `NODE_EXTRA_CA_CERTS`. @default false */
  readonly kafkaSsl?: boolean
  /** How to authenticate to Kafka; with user and password, or none of the three. @default none */
  readonly kafkaSaslMechanism?: SaslMechanism
  /** The user for Kafka. @default none */
  readonly kafkaSaslUsername?: string
  /** The password for Kafka. @default none */
  readonly kafkaSaslPassword?: string
  /** Where the worker's page and its health endpoints listen; in a container `0.0.0.0`. @default '127.0.0.1' */
  readonly host?: string
  /** Their port; 0 takes any that is free. @default 9090 */
  readonly port?: number
  /** What the page asks for before it retries or discards, at least 16 characters. @default none: it does neither */
  readonly pageToken?: string
  /** The level from which on the worker logs; `debug` tells of each batch. @default 'info' */
  readonly logLevel?: LogLevel
  /** Tell OpenTelemetry of each batch, by the SDK that the process has registered. @default false */
  readonly traces?: boolean
  /** Shards of a new outbox, 1 to 256; one that has its shards keeps them (`pigeonhole reshard`). @default 1 */
  readonly shards?: number
  /** Most messages in one Kafka transaction. @default 5000 */
  readonly batchRows?: number
  /** Most bytes of keys, values and headers in one Kafka transaction. @default 8388608 */
  readonly batchBytes?: number
  /** A worker that is silent for so long is taken over, in milliseconds. @default 10000 */
  readonly leaseMs?: number
  /** How often the lease is renewed, in milliseconds: at most a third of `leaseMs`. @default 2000 */
  readonly renewMs?: number
  /** Longest time of one opening of a shard, in milliseconds. @default 60000 */
  readonly openTimeoutMs?: number
  /** Longest time in milliseconds to send what is left after SIGTERM: less than an orchestrator waits. @default 10000 */
  readonly drainTimeoutMs?: number
  /** Pause between two looks at a busy outbox, in milliseconds. @default 2 */
  readonly pollMs?: number
  /** Pause between two looks at an idle outbox, in milliseconds. @default 200 */
  readonly idlePollMs?: number
  /** Published messages stay for so long at least, in milliseconds. @default 0 */
  readonly retentionMs?: number
  /** How often the outbox is measured for `/metrics`, in milliseconds. @default 10000 */
  readonly measureMs?: number
  /** A transaction that keeps tables from being cleaned for longer is warned of, in milliseconds. @default 60000 */
  readonly longTransactionMs?: number
  /** Kafka aborts a transaction of the relay after it, in milliseconds. @default 10000 */
  readonly transactionTimeoutMs?: number
  /** Most bytes that one request carries for one partition. @default 1000000 */
  readonly maxRequestBytes?: number
  /** Replication factor of the checkpoint topic where it is created; -1 for the broker's. @default -1 */
  readonly checkpointReplicationFactor?: number
}
