import { type KafkaCluster, startKafka } from '@pigeonhole/testing'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { DivergenceLab, expectHalt } from './divergence-lab.js'

const topicResource = 2

describe('a cluster that is replaced or reconfigured', () => {
  let lab: DivergenceLab

  beforeEach(async () => {
    lab = await DivergenceLab.open({ serverUrl: inject('databaseUrl'), brokers: inject('kafkaBrokers') })
  })
  afterEach(() => lab[Symbol.asyncDispose]())

  async function adminOf(brokers: readonly string[]): Promise<Admin> {
    const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    onTestFinished(() => admin.disconnect())
    return admin
  }

  async function newCluster(): Promise<KafkaCluster> {
    const cluster = await startKafka({ brokers: 1, sources: ['docker', 'embedded'] })
    onTestFinished(() => cluster.stop())
    return cluster
  }

  function checkpointTopic(): string {
    return `pigeonhole.relay.${lab.name}`
  }

  it('a new cluster: it gets what the old one was not sent, and nothing of what the old one has', async () => {
    await lab.createTopics()
    await lab.retain(true)
    await lab.write()
    await lab.send()
    const sentToOld = await lab.verdict()
    expect(sentToOld).toMatchObject({ passed: true, faults: 0 })
    const before = await lab.committed()
    await lab.write()
    await lab.retain(false)
    const cluster = await newCluster()
    lab.places.brokers = cluster.brokers
    await lab.createTopics()
    expectHalt(await lab.halt(), 'RELAY_IDENTITY_CHANGED')
    const { report } = await lab.adopt()
    expect(report.shards[0]?.outbox).toMatchObject({ logged: 0, absent: 0, coveredByCursor: before.length })
    await lab.write()
    await lab.send()
    expect(await lab.verdictWithout(before)).toMatchObject({ passed: true, faults: 0 })
  }, 180_000)

  it('a deleted checkpoint topic', async () => {
    await lab.createTopics()
    await lab.retain(true)
    await lab.write()
    await lab.send()
    await lab.write()
    const admin = await adminOf(lab.places.brokers)
    await admin.deleteTopics({ topics: [checkpointTopic()] })
    await expect.poll(() => admin.listTopics(), { timeout: 10_000 }).not.toContain(checkpointTopic())
    expectHalt(await lab.halt(), 'RELAY_CHECKPOINT_LOST')
    await lab.retain(false)
    await lab.adopt()
    await lab.write()
    await lab.send()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('a cleanup.policy that deletes checkpoints: the relay waits, and goes on by itself when it is mended', async () => {
    await lab.createTopics()
    await lab.write()
    await lab.send()
    await lab.write()
    const admin = await adminOf(lab.places.brokers)
    const setPolicy = (value: string) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: topicResource,
            name: checkpointTopic(),
            configEntries: [{ name: 'cleanup.policy', value }],
          },
        ],
      })
    await setPolicy('delete')
    const relay = lab.startRelay()
    const told = await relay.told(
      (message) =>
        message.type === 'event' && String(message.data.error).startsWith('CHECKPOINT_TOPIC_INVALID'),
    )
    expect(told.type === 'event' && told.data.error).toMatch(
      /cleanup\.policy is "delete".*set it to "compact"/,
    )
    await setPolicy('compact')
    await relay.event('shard:changed', { state: 'publishing' })
    await relay.drain()
    await relay.stop()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })
})
