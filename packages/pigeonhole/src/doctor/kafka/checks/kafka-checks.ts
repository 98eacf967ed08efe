import type { Check } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { access } from './access.js'
import { autoCreate } from './auto-create.js'
import { brokers } from './brokers.js'
import { checkpointTopic } from './checkpoint-topic.js'
import { clusterIdentity } from './cluster-identity.js'
import { idRetention } from './id-retention.js'
import { kafkaClock } from './kafka-clock.js'
import { messageSize } from './message-size.js'
import { minInsync } from './min-insync.js'
import { readers } from './readers.js'
import { replication } from './replication.js'
import { singleBroker } from './single-broker.js'
import { topicsExist } from './topics-exist.js'
import { transactionLog } from './transaction-log.js'
import { transactionTimeout } from './transaction-timeout.js'
import { transactionalIdExpiration } from './transactional-id-expiration.js'
import { uncleanElections } from './unclean-elections.js'
import { version } from './version.js'

/** All that is looked at on the side of Kafka, in the order in which it is told. */
export const kafkaChecks: readonly Check<KafkaFacts>[] = [
  version,
  brokers,
  singleBroker,
  clusterIdentity,
  access,
  checkpointTopic,
  topicsExist,
  transactionLog,
  replication,
  minInsync,
  uncleanElections,
  transactionTimeout,
  transactionalIdExpiration,
  messageSize,
  idRetention,
  autoCreate,
  readers,
  kafkaClock,
]
