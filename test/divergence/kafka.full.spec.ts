import { createTopics, type KafkaCluster, startKafka } from '@pigeonhole/testing'
import { type Admin, type ITopicConfig, Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { setTopic } from '../relay/set-topic.js'
import { countOf, DivergenceLab, expectHalt, haltOf } from './divergence-lab.js'

describe('a cluster that is replaced, reconfigured, or has lost what it had acknowledged', {
  timeout: 240_000,
}, () => {
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

  async function ownCluster(
    brokers: 1 | 3,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<KafkaCluster> {
    const cluster = await startKafka({ brokers, settings, sources: ['docker', 'embedded'] })
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
    const shell = await lab.openShell()
    const walk = shell.section('A new Kafka cluster')
    await walk.step('pigeonhole drain')
    // Somebody has gone on publishing.
    await lab.write()
    await lab.retain(false)
    const cluster = await ownCluster(1)
    lab.places.brokers = cluster.brokers
    await lab.createTopics()
    expectHalt(await lab.halt(), 'RELAY_IDENTITY_CHANGED')
    await shell.configure({ brokers: cluster.brokers })
    expect(await walk.rest()).toMatch(new RegExp(`^ +${before.length}  `, 'm'))
    await lab.write()
    await lab.send()
    expect(await lab.verdictWithout(before)).toMatchObject({ passed: true, faults: 0 })
  })

  it('a deleted checkpoint topic: an idle relay notices, and one that is started then', async () => {
    await lab.createTopics()
    await lab.retain(true)
    await lab.write()
    const relay = lab.startRelay()
    await relay.event('shard:changed', { state: 'publishing' })
    await relay.drain()
    const admin = await adminOf(lab.places.brokers)
    await admin.deleteTopics({ topics: [checkpointTopic()] })
    await expect.poll(() => admin.listTopics(), { timeout: 30_000 }).not.toContain(checkpointTopic())
    expectHalt(await haltOf(relay), 'RELAY_CHECKPOINT_LOST')
    await relay.stop()
    await lab.write()
    expectHalt(await lab.halt(), 'RELAY_CHECKPOINT_LOST')
    const looks = (await lab.openShell()).section('A relay has halted')
    // Messages wait, perhaps for long already.
    await looks.step('pigeonhole status', 0, 4)
    expect(await looks.step('pigeonhole adopt', 3)).toContain('RELAY_CHECKPOINT_LOST')
    looks.end()
    expectHalt(await lab.halt(), 'RELAY_CHECKPOINT_LOST')
    await lab.retain(false)
    await lab.follow('The checkpoint topic is lost')
    await lab.write()
    await lab.send()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('another name: the relay of that name goes on where the former one was', async () => {
    await lab.createTopics()
    await lab.write()
    await lab.send()
    await lab.write()
    const renamed = `${lab.name}-renamed`
    expectHalt(await lab.halt(renamed), 'RELAY_IDENTITY_CHANGED')
    const shell = await lab.openShell()
    await shell.configure({ name: renamed })
    await shell.section('Another name for a relay').rest()
    await lab.write()
    await lab.send(renamed)
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  it('a cleanup.policy that deletes checkpoints: the relay waits, and goes on by itself when it is mended', async () => {
    await lab.createTopics()
    await lab.write()
    await lab.send()
    await lab.write()
    const admin = await adminOf(lab.places.brokers)
    const setPolicy = (value: string) =>
      setTopic(admin, { topic: checkpointTopic(), name: 'cleanup.policy', value })
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

  it('an unclean election: what Kafka lost and the outbox still has is sent again, and nothing else', async () => {
    const cluster = await ownCluster(3)
    lab.places.brokers = cluster.brokers
    const admin = await adminOf(cluster.brokers)
    await createTopics(cluster.brokers, [
      lossyTopic(checkpointTopic(), 1, [{ name: 'cleanup.policy', value: 'compact' }]),
      lossyTopic(lab.topics[0] as string, 3),
      { topic: lab.topics[1] as string, numPartitions: 3 },
    ])
    await lab.retain(true)
    await lab.write()
    const relay = lab.startRelay()
    await relay.event('shard:changed', { state: 'publishing' })
    await relay.drain()
    const [leader, follower] = cluster.nodes
    await follower?.kill()
    await expect.poll(() => inSync(admin), { timeout: 60_000 }).toEqual([leader?.id])
    await lab.write()
    await expect.poll(() => isConfirmed(), { timeout: 60_000 }).toBe(true)
    await leader?.kill()
    // It waits for all three brokers, and one of them stays away.
    void follower?.restart().catch(() => undefined)
    // It has nothing to send, and looks none the less.
    expectHalt(await haltOf(relay), 'RELAY_KAFKA_WENT_BACK')
    await relay.stop()
    await leader?.restart()
    await lab.retain(false)
    expect(countOf('were never sent to this log', await lab.follow('Kafka went back'))).toBeGreaterThan(0)
    await lab.write()
    await lab.send()
    expect(await lab.verdict()).toMatchObject({ passed: true, faults: 0 })
  })

  // On the first two brokers alone, of which one acknowledges for both.
  function lossyTopic(
    topic: string,
    partitions: number,
    configEntries: ITopicConfig['configEntries'] = [],
  ): ITopicConfig {
    return {
      topic,
      replicaAssignment: Array.from({ length: partitions }, (_, partition) => ({
        partition,
        replicas: [1, 2],
      })),
      configEntries: [
        { name: 'min.insync.replicas', value: '1' },
        { name: 'unclean.leader.election.enable', value: 'true' },
        ...configEntries,
      ],
    }
  }

  /** The brokers that are in sync for every partition of the lossy topics. */
  async function inSync(admin: Admin): Promise<number[]> {
    const topics = [checkpointTopic(), lab.topics[0] as string]
    const found = await admin.fetchTopicMetadata({ topics })
    const replicas = found.topics.flatMap(({ partitions }) => partitions.flatMap(({ isr }) => isr))
    return [...new Set(replicas)].sort()
  }

  /** Whether the database knows of everything that is committed that Kafka has acknowledged it. */
  async function isConfirmed(): Promise<boolean> {
    const { stdout } = await lab.command('status', '--json')
    return (JSON.parse(stdout) as { readonly pending: number }).pending === 0
  }
})
