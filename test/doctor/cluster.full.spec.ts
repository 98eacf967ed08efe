import { createTopics, type KafkaCluster, startKafka } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Consultation, consult } from './doctor-run.js'

const sources = ['docker', 'embedded'] as const
const broken = expect.objectContaining({ severity: 'broken' })
const risk = expect.objectContaining({ severity: 'risk' })
const note = expect.objectContaining({ severity: 'note' })

function look(cluster: KafkaCluster, ...args: readonly string[]): Promise<Consultation> {
  return consult(['--name', 'orders', ...args], { KAFKA_BROKERS: cluster.brokers.join(',') })
}

/** A broker that a busy machine has kept from telling of itself in time is missing for a while, and its replicas are not in sync. */
const patience = { timeout: 60_000 }

function finds(...where: Parameters<typeof look>): ReturnType<typeof expect.poll> {
  return expect.poll(async () => (await look(...where)).findings, patience)
}

describe('three brokers that are well set', { timeout: 180_000 }, () => {
  let cluster: KafkaCluster

  beforeAll(async () => {
    cluster = await startKafka({ brokers: 3, sources })
    await createTopics(cluster.brokers, [{ topic: 'orders', numPartitions: 3, replicationFactor: 3 }])
  }, 180_000)
  afterAll(() => cluster.stop())

  function create(topic: string, replicationFactor: number, settings: Readonly<Record<string, string>> = {}) {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
    return createTopics(cluster.brokers, [{ topic, numPartitions: 1, replicationFactor, configEntries }])
  }

  it('give the doctor nothing to say', async () => {
    await finds(cluster, '--topics', 'orders', '--create-topics').toEqual({})
    await expect.poll(async () => (await look(cluster, '--topics', 'orders')).code, patience).toBe(0)
  })

  it.each([
    ['one-replica', 1, {}, { replication: [broken], 'min-insync': [broken] }],
    ['two-replicas', 2, {}, { replication: [risk] }],
    ['one-in-sync', 3, { 'min.insync.replicas': '1' }, { 'min-insync': [risk] }],
    ['unclean', 3, { 'unclean.leader.election.enable': 'true' }, { 'unclean-elections': [broken] }],
  ])('have a topic that is not: %s', async (topic, replicas, settings, expected) => {
    await create(topic, replicas, settings)
    await finds(cluster, '--topics', topic).toEqual(expected)
  })

  it('have lost one of them: a topic of two replicas takes nothing', async () => {
    const replicaAssignment = [{ partition: 0, replicas: [1, 3] }]
    await createTopics(cluster.brokers, [{ topic: 'pair', replicaAssignment }])
    await cluster.nodes.find(({ id }) => id === 3)?.kill()
    await finds(cluster, '--topics', 'pair').toMatchObject({
      'min-insync': [{ severity: 'broken', is: expect.stringContaining('1 of 2 replicas in sync') }],
    })
  })
})

describe('three brokers that are badly set', { timeout: 180_000 }, () => {
  let cluster: KafkaCluster

  beforeAll(async () => {
    const settings = {
      'default.replication.factor': '1',
      'min.insync.replicas': '1',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.min.isr': '1',
      'unclean.leader.election.enable': 'true',
      'auto.create.topics.enable': 'true',
      'transactional.id.expiration.ms': '60000',
      'transaction.partition.verification.enable': 'false',
      'transaction.max.timeout.ms': '5000',
    }
    cluster = await startKafka({ brokers: 3, sources, settings })
  }, 180_000)
  afterAll(() => cluster.stop())

  const always = {
    'kafka-version': [risk],
    'transaction-timeout': [broken],
    'transactional-id-expiration': [risk],
    'auto-create-topics': [note],
  }

  it('would make the transaction log badly', async () => {
    const { code, findings } = await look(cluster)
    expect(code).toBe(4)
    expect(findings).toEqual({ ...always, 'transaction-log': [broken, risk], 'checkpoint-topic': [note] })
    expect(findings['transaction-log']?.[0]?.is).toBe('transaction.state.log.replication.factor = 1')
  })

  it('have made the transaction log badly, and topics like it', async () => {
    const kafka = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING })
    await createTopics(cluster.brokers, [{ topic: 'orders', numPartitions: 1, replicationFactor: 3 }])
    const producer = kafka.producer({
      transactionalId: 'other',
      transactionTimeout: 4_000,
      maxInFlightRequests: 1,
      retry: { retries: 20 },
    })
    await producer.connect()
    // Has the log made, and writes nothing, for which a busy machine might need longer than the transaction lives.
    await (await producer.transaction()).abort()
    await producer.disconnect()
    await finds(cluster, '--topics', 'orders', '--create-topics').toEqual({
      ...always,
      'transaction-log': [broken],
      replication: [broken],
      'min-insync': [risk],
      'unclean-elections': [broken],
    })
    const { findings } = await look(cluster, '--topics', 'orders', '--create-topics')
    expect(findings['transaction-log']?.[0]?.is).toBe('__transaction_state has replication factor 1')
    expect(findings['replication']?.[0]?.is).toContain('pigeonhole.relay.orders')
  })
})
