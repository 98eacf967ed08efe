export {
  checkExactlyOnce,
  type ExactlyOnceEvidence,
  type ExactlyOnceVerdict,
} from './checker/check-exactly-once.js'
export type { EffectFindings } from './checker/compare-effects.js'
export type { LogFindings } from './checker/compare-log.js'
export type { Finding } from './checker/finding.js'
export {
  type FaultsWording,
  formatFaults,
  formatVerdicts,
  type VerdictWording,
} from './checker/format-verdict.js'
export type { CommittedMessage, Effect, LoggedMessage } from './checker/messages.js'
export { type LogRecord, loggedMessage, type ReadLogOptions, readLog } from './checker/read-log.js'
export { nextEvent } from './events/next-event.js'
export { observeInboxStore } from './faults/inbox-points.js'
export type { KafkaApi } from './faults/kafka-apis.js'
export { type KafkaLoss, type KafkaProxy, startKafkaProxy } from './faults/kafka-proxy.js'
export type { Loss } from './faults/loss.js'
export { type Around, observeCalls, type ReachPoint } from './faults/observe-calls.js'
export { type PostgresLoss, type PostgresProxy, startPostgresProxy } from './faults/postgres-proxy.js'
export { observeRelayPublisher, observeRelayStore } from './faults/relay-points.js'
export { startTcpProxy, type TcpProxy, type TcpProxyOptions } from './faults/tcp-proxy.js'
export type { ClientStore } from './kit/client-store.js'
export type { CrashPoint } from './kit/crash-switch.js'
export type { TestConsumer } from './kit/test-consumer.js'
export { createTestKit, type SendOptions, type TestKit, type TestKitOptions } from './kit/test-kit.js'
export { MemoryCluster } from './memory/memory-cluster.js'
export type { MemoryImage } from './memory/memory-image.js'
export type { MemoryLog, MemoryRecord } from './memory/memory-log.js'
export { memoryPublisher } from './memory/memory-publisher.js'
export { type MemoryStore, memoryStore } from './memory/memory-store.js'
export type { MemoryTransaction } from './memory/memory-transaction.js'
export { type CreateDatabaseOptions, createDatabase, type TestDatabase } from './provision/create-database.js'
export { createTopics } from './provision/create-topics.js'
export { DebianPostgres, type DebianServer } from './provision/debian-postgres.js'
export { debianPostgresTools } from './provision/debian-tools.js'
export type {
  BrokerEndpoint,
  KafkaCluster,
  KafkaNode,
  SecuredListener,
  StartKafkaOptions,
} from './provision/kafka-cluster.js'
export {
  type ConnectorStatus,
  type KafkaConnect,
  type StartKafkaConnectOptions,
  startKafkaConnect,
} from './provision/kafka-connect.js'
export { kafkaTool } from './provision/kafka-tool.js'
export { type PgBouncer, type StartPgBouncerOptions, startPgBouncer } from './provision/pg-bouncer.js'
export type { PostgresServer, StartPostgresOptions } from './provision/postgres-server.js'
export type { ServerSource } from './provision/server-source.js'
export { startKafka } from './provision/start-kafka.js'
export { startPostgres } from './provision/start-postgres.js'
