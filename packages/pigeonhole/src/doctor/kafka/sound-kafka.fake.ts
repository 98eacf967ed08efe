import type { ClusterInspection, InspectedBroker, TopicOperation } from '@pigeonhole/kafkajs'
import {
  type ExaminedTopic,
  type KafkaFacts,
  offsetLog,
  type TopicUse,
  transactionLog,
} from './kafka-facts.js'

const operations: readonly TopicOperation[] = [
  'READ',
  'WRITE',
  'CREATE',
  'ALTER',
  'DESCRIBE',
  'DESCRIBE_CONFIGS',
]

const brokerSettings = {
  'transaction.partition.verification.enable': 'true',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'transaction.max.timeout.ms': '900000',
  'transactional.id.expiration.ms': '604800000',
  'auto.create.topics.enable': 'false',
}

/** A broker on which nothing is to be found. */
export function soundBroker(id: number, over: Partial<InspectedBroker> = {}): InspectedBroker {
  const versions = new Map([
    [22, 5],
    [24, 5],
    [26, 5],
  ])
  return {
    id,
    host: `kafka-${id}`,
    port: 9092,
    rack: null,
    error: undefined,
    versions,
    settings: brokerSettings,
    ...over,
  }
}

/** A broker with other values of settings. */
export function brokerWith(settings: Readonly<Record<string, string>>): InspectedBroker {
  return soundBroker(1, { settings: { ...brokerSettings, ...settings } })
}

const topicSettings = {
  'cleanup.policy': 'delete',
  'min.insync.replicas': '2',
  'unclean.leader.election.enable': 'false',
  'retention.ms': '604800000',
  'segment.ms': '604800000',
  'max.message.bytes': '1048588',
}

/** A topic of three replicas, with other values of settings. */
export function soundTopic(
  topic: string,
  use: TopicUse,
  settings: Readonly<Record<string, string>> = {},
): ExaminedTopic {
  const partition = (number: number) => ({ partition: number, replicas: [1, 2, 3], inSync: [1, 2, 3] })
  return {
    topic,
    state: 'there',
    partitions: [partition(0), partition(1)],
    operations: new Set(operations),
    settings: { ...topicSettings, ...settings },
    uses: new Set([use]),
  }
}

const cluster: ClusterInspection = {
  clusterId: 'cluster',
  brokers: [soundBroker(1), soundBroker(2), soundBroker(3)],
  topics: [],
  transactionalIds: new Map([['pigeonhole.orders.0', true]]),
  clock: { ms: 1, uncertaintyMs: 2 },
  members: [],
}

/** The topics of a sound cluster. */
export const soundTopics: readonly ExaminedTopic[] = [
  soundTopic('pigeonhole.relay.orders', 'checkpoint', { 'cleanup.policy': 'compact' }),
  soundTopic('orders', 'outbox'),
  soundTopic('payments', 'inbox'),
  soundTopic(transactionLog, 'internal'),
  soundTopic(offsetLog, 'internal'),
]

/** A cluster of three brokers on which nothing is to be found. */
export const soundKafka: KafkaFacts = {
  cluster,
  topics: soundTopics,
  outbox: {
    identity: { relay: 'orders', clusterId: 'cluster', systemIdentifier: '1' },
    shards: 2,
    hasSent: true,
    topics: ['orders'],
    inboxes: [{ inbox: 'billing', topic: 'payments' }],
  },
  relay: { name: 'orders', shards: 2, transactionTimeoutMs: 10_000, maxRequestBytes: 1_000_000 },
  idRetentionMs: 30 * 86_400_000,
  principal: 'User:relay',
  bootstrap: 'kafka-1:9092',
}

/** Sound facts with one topic in place of its namesake. */
export function withTopic(topic: ExaminedTopic): KafkaFacts {
  return { ...soundKafka, topics: soundTopics.map((it) => (it.topic === topic.topic ? topic : it)) }
}

/** Sound facts with another cluster. */
export function withCluster(over: Partial<ClusterInspection>): KafkaFacts {
  return { ...soundKafka, cluster: { ...cluster, ...over } }
}
