import type { TopicOperation } from '@pigeonhole/kafkajs'
import { describe, expect, it } from 'vitest'
import { examine } from '../../check.js'
import { type ExaminedTopic, type KafkaFacts, transactionLog } from '../kafka-facts.js'
import {
  brokerWith,
  soundBroker,
  soundKafka,
  soundTopic,
  soundTopics,
  withCluster,
  withTopic,
} from '../sound-kafka.fake.js'
import { kafkaChecks } from './kafka-checks.js'

const checkpoint = soundTopic('pigeonhole.relay.orders', 'checkpoint', { 'cleanup.policy': 'compact' })
const orders = soundTopic('orders', 'outbox')
const payments = soundTopic('payments', 'inbox')
const log = soundTopic(transactionLog, 'internal')
const outbox = soundKafka.outbox as NonNullable<KafkaFacts['outbox']>

function withReplicas(topic: ExaminedTopic, ...replicas: readonly number[]): ExaminedTopic {
  return { ...topic, partitions: topic.partitions.map((it) => ({ ...it, replicas, inSync: replicas })) }
}

function without(topic: ExaminedTopic, ...denied: readonly TopicOperation[]): ExaminedTopic {
  return { ...topic, operations: new Set([...topic.operations].filter((it) => !denied.includes(it))) }
}

function missing(topic: ExaminedTopic): ExaminedTopic {
  return { ...topic, state: 'missing', partitions: [], settings: undefined }
}

function setTo(settings: Readonly<Record<string, string>>): KafkaFacts {
  return withCluster({ brokers: [brokerWith(settings), soundBroker(2), soundBroker(3)] })
}

const noLog = soundTopics.map((topic) => (topic.topic === transactionLog ? missing(topic) : topic))
const behind = { ...orders, partitions: orders.partitions.map((it) => ({ ...it, inSync: [1] })) }
const versions = (...known: readonly (readonly [number, number])[]) =>
  withCluster({ brokers: [soundBroker(1, { versions: new Map(known) }), soundBroker(2)] })

/** Check, what is wrong, how bad that is, and what the fix has in it. */
const wrong: readonly (readonly [string, KafkaFacts, string, string])[] = [
  ['kafka-version', versions(), 'broken', 'Upgrade'],
  ['kafka-version', versions([22, 4], [24, 3], [26, 3]), 'risk', 'Upgrade'],
  [
    'kafka-version',
    setTo({ 'transaction.partition.verification.enable': 'false' }),
    'risk',
    'verification.enable=true',
  ],
  [
    'kafka-brokers',
    withCluster({ brokers: [soundBroker(1), soundBroker(2, { error: 'refused' })] }),
    'broken',
    'advertised',
  ],
  ['single-broker', withCluster({ brokers: [soundBroker(1)] }), 'note', 'three brokers'],
  ['cluster-identity', withCluster({ clusterId: 'other' }), 'broken', 'adopt'],
  [
    'access',
    withTopic(without(checkpoint, 'READ')),
    'broken',
    '--operation Read --topic pigeonhole.relay.orders',
  ],
  ['access', withTopic(without(checkpoint, 'WRITE')), 'broken', '--operation Write'],
  ['access', withTopic(without(missing(checkpoint), 'CREATE')), 'broken', '--operation Create'],
  ['access', withTopic(without(orders, 'WRITE')), 'broken', 'User:relay --operation Write --topic orders'],
  [
    'access',
    withTopic({ ...orders, state: 'hidden', settings: undefined }),
    'broken',
    '--operation Describe',
  ],
  [
    'access',
    withCluster({ transactionalIds: new Map([['pigeonhole.orders.0', false]]) }),
    'broken',
    '--transactional-id pigeonhole.orders. --resource-pattern-type prefixed',
  ],
  [
    'access',
    withTopic({ ...orders, settings: undefined }),
    'note',
    '--operation DescribeConfigs --topic orders',
  ],
  [
    'access',
    withCluster({ brokers: [soundBroker(1, { settings: undefined }), soundBroker(2)] }),
    'note',
    '--cluster',
  ],
  ['checkpoint-topic', withTopic(missing(checkpoint)), 'broken', 'adopt'],
  [
    'checkpoint-topic',
    { ...withTopic(missing(checkpoint)), outbox: { ...outbox, hasSent: false } },
    'note',
    '--create-topics',
  ],
  [
    'checkpoint-topic',
    { ...soundKafka, relay: { ...soundKafka.relay, shards: 3 } },
    'broken',
    '--topic pigeonhole.relay.orders --partitions 3',
  ],
  [
    'checkpoint-topic',
    withTopic(soundTopic('pigeonhole.relay.orders', 'checkpoint', { 'cleanup.policy': 'compact,delete' })),
    'broken',
    'cleanup.policy=compact',
  ],
  ['topics', withTopic(missing(orders)), 'broken', '--create --topic orders'],
  ['topics', withTopic(missing(payments)), 'broken', '--create --topic payments'],
  ['transaction-log', withTopic(withReplicas(log, 1)), 'broken', 'reassign'],
  ['transaction-log', withTopic(withReplicas(log, 1, 2)), 'risk', 'reassign'],
  [
    'transaction-log',
    withTopic(soundTopic(transactionLog, 'internal', { 'min.insync.replicas': '1' })),
    'risk',
    'min.insync.replicas=2',
  ],
  [
    'transaction-log',
    { ...setTo({ 'transaction.state.log.replication.factor': '1' }), topics: noLog },
    'broken',
    'transaction.state.log.replication.factor=3',
  ],
  [
    'transaction-log',
    { ...setTo({ 'transaction.state.log.min.isr': '1' }), topics: noLog },
    'risk',
    'transaction.state.log.min.isr=2',
  ],
  ['replication', withTopic(withReplicas(orders, 1)), 'broken', 'reassign'],
  ['replication', withTopic(withReplicas(checkpoint, 1, 2)), 'risk', 'reassign'],
  [
    'min-insync',
    withTopic(soundTopic('orders', 'outbox', { 'min.insync.replicas': '1' })),
    'risk',
    '--entity-name orders --add-config min.insync.replicas=2',
  ],
  ['min-insync', withTopic(behind), 'broken', 'Bring the brokers back'],
  [
    'unclean-elections',
    withTopic(soundTopic(transactionLog, 'internal', { 'unclean.leader.election.enable': 'true' })),
    'broken',
    'unclean.leader.election.enable=false',
  ],
  [
    'transaction-timeout',
    setTo({ 'transaction.max.timeout.ms': '9999' }),
    'broken',
    '--transaction-timeout-ms 9999',
  ],
  [
    'transactional-id-expiration',
    setTo({ 'transactional.id.expiration.ms': '3599999' }),
    'risk',
    '604800000',
  ],
  [
    'message-size',
    withTopic(soundTopic('orders', 'outbox', { 'max.message.bytes': '999999' })),
    'risk',
    '--max-request-bytes 999999',
  ],
  [
    'id-retention',
    withTopic(soundTopic('payments', 'inbox', { 'retention.ms': '1987200000' })),
    'note',
    'idRetentionMs',
  ],
  [
    'id-retention',
    withTopic(soundTopic('payments', 'inbox', { 'retention.ms': '-1' })),
    'note',
    'idRetentionMs',
  ],
  [
    'id-retention',
    withTopic(soundTopic('payments', 'inbox', { 'cleanup.policy': 'compact' })),
    'note',
    'idRetentionMs',
  ],
  [
    'auto-create-topics',
    setTo({ 'auto.create.topics.enable': 'true' }),
    'note',
    'auto.create.topics.enable=false',
  ],
  [
    'readers',
    withCluster({ members: [{ groupId: 'billing', clientId: 'app', topics: ['orders'] }] }),
    'note',
    'isolation.level=read_committed',
  ],
  ['kafka-clock', withCluster({ clock: { ms: 61_010, uncertaintyMs: 5 } }), 'risk', 'NTP'],
]

function examinationOf(check: string, facts: KafkaFacts) {
  return examine(kafkaChecks, facts).find((it) => it.check === check)
}

describe('the checks of Kafka', () => {
  it('find nothing on a sound cluster', () => {
    for (const examination of examine(kafkaChecks, soundKafka))
      expect(examination).toMatchObject({ outcome: 'well', findings: [] })
  })

  it('each have a case in which they find something', () => {
    const found = new Set(wrong.map(([check]) => check))
    expect([...found].toSorted()).toEqual(kafkaChecks.map(({ name }) => name).toSorted())
  })

  it.each(wrong)('%s finds it (%#)', (check, facts, severity, fix) => {
    expect(examinationOf(check, facts)?.findings).toEqual([
      expect.objectContaining({ severity, fix: expect.stringContaining(fix) }),
    ])
  })

  it('say of one broker, once, that it is one, and no more', () => {
    const topics = soundTopics.map((topic) =>
      withReplicas({ ...topic, settings: { ...topic.settings, 'min.insync.replicas': '1' } }, 1),
    )
    const facts = { ...withCluster({ brokers: [soundBroker(1)] }), topics }
    const found = examine(kafkaChecks, facts).filter(({ findings }) => findings.length > 0)
    expect(found.map(({ check }) => check)).toEqual(['single-broker'])
    for (const check of ['transaction-log', 'replication', 'min-insync'])
      expect(examinationOf(check, facts)).toMatchObject({ outcome: 'inapplicable' })
  })

  it.each([
    ['access', withTopic(without(payments, 'WRITE'))],
    ['access', withTopic(without(missing(orders), 'WRITE'))],
    ['access', withCluster({ transactionalIds: new Map([['pigeonhole.orders.0', undefined]]) })],
    ['transaction-timeout', setTo({ 'transaction.max.timeout.ms': '10000' })],
    ['transactional-id-expiration', setTo({ 'transactional.id.expiration.ms': '3600000' })],
    ['message-size', withTopic(soundTopic('orders', 'outbox', { 'max.message.bytes': '1000000' }))],
    ['id-retention', withTopic(soundTopic('payments', 'inbox', { 'retention.ms': '1987199999' }))],
    ['readers', withCluster({ members: [{ groupId: 'g', clientId: 'c', topics: ['payments'] }] })],
    ['kafka-version', versions([22, 4], [24, 4], [26, 3])],
    [
      'unclean-elections',
      withTopic(
        withReplicas(soundTopic('orders', 'outbox', { 'unclean.leader.election.enable': 'true' }), 1),
      ),
    ],
  ])('%s does not find what is well (%#)', (check, facts) => {
    expect(examinationOf(check, facts)).toMatchObject({ outcome: 'well' })
  })

  const hiddenBrokers = withCluster({
    brokers: [1, 2, 3].map((id) => soundBroker(id, { settings: undefined })),
  })
  it.each([
    ['cluster-identity', { ...soundKafka, outbox: undefined }],
    ['checkpoint-topic', { ...soundKafka, topics: soundTopics.slice(1) }],
    ['checkpoint-topic', withTopic({ ...checkpoint, state: 'hidden' as const })],
    ['checkpoint-topic', withTopic({ ...checkpoint, settings: undefined })],
    ['transaction-log', { ...hiddenBrokers, topics: noLog }],
    ['min-insync', withTopic({ ...orders, settings: undefined })],
    ['unclean-elections', withTopic({ ...orders, settings: undefined })],
    ['message-size', withTopic({ ...orders, settings: undefined })],
    ['id-retention', withTopic({ ...payments, settings: undefined })],
    ['transaction-timeout', hiddenBrokers],
    ['transactional-id-expiration', hiddenBrokers],
    ['auto-create-topics', hiddenBrokers],
    ['kafka-clock', withCluster({ clock: undefined })],
  ])('%s says that it could not look (%#)', (check, facts) => {
    expect(examinationOf(check, facts)).toMatchObject({ outcome: 'unexamined', why: expect.any(String) })
  })

  it.each(['topics', 'replication', 'min-insync', 'message-size', 'id-retention', 'readers'])(
    '%s says that there is no topic to look at',
    (check) => {
      expect(examinationOf(check, { ...soundKafka, topics: [] })).toMatchObject({ outcome: 'inapplicable' })
    },
  )
})
