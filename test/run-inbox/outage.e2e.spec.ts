import {
  type KafkaCluster,
  type KafkaProxy,
  type PostgresServer,
  startKafka,
  startKafkaProxy,
  startPostgres,
  startTcpProxy,
} from '@pigeonhole/testing'
import { Kafka, logLevel, PartitionAssigners } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { haveCoordinators } from '../setup/coordinators.js'
import { collectEvents, eventually, nextEvent } from './events.js'
import { InboxLab, inboxWith, writeEffect } from './inbox-lab.js'

const startable = ['docker', 'embedded'] as const

describe('runInbox while PostgreSQL goes down', () => {
  let postgres: PostgresServer
  let lab: InboxLab
  beforeAll(async () => {
    postgres = await startPostgres({ sources: startable })
    lab = await InboxLab.open({ databaseUrl: postgres.url, kafkaBrokers: inject('kafkaBrokers') })
    // The lab's own queries are not what is tested.
    lab.pool.on('error', () => undefined)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
    await postgres.stop()
  })

  it('holds, visibly, and goes on without loss or repeat when it is back', async () => {
    const orders = await lab.createTopic(2)
    const run = await lab.run({ topics: [orders] })
    const crashes = collectEvents(run, 'consumer:crashed')
    await lab.send(orders, ['a0'], 0)
    await eventually(() => lab.effects()).toEqual(['a0'])
    await postgres.kill()
    const held = nextEvent(run, 'partition:held')
    await lab.send(orders, ['a1', 'a2'], 0)
    expect((await held).error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await lab.send(orders, ['b0'], 1)
    await nextEvent(run, 'partition:held', ({ partition }) => partition === 1)
    await postgres.restart()
    await eventually(async () => (await lab.effects()).filter((value) => value.startsWith('a'))).toEqual([
      'a0',
      'a1',
      'a2',
    ])
    await eventually(() => lab.effects()).toContain('b0')
    expect(await lab.effects()).toHaveLength(4)
    expect(crashes).toEqual([])
    await run.stop()
  })

  it('claims its partitions when PostgreSQL was away as it joined', async () => {
    const orders = await lab.createTopic()
    await lab.send(orders, ['c0', 'c1'])
    const plain = lab.inbox()
    const inbox = inboxWith(plain, {
      checkSchema: async () => {
        await plain.checkSchema()
        await postgres.kill()
      },
    })
    const run = await lab.run({ topics: [orders], inbox })
    const held = await nextEvent(run, 'partition:held')
    expect(held).toMatchObject({ offset: undefined, error: { code: 'STORE_UNAVAILABLE' } })
    await postgres.restart()
    await eventually(() => lab.effects()).toEqual(expect.arrayContaining(['c0', 'c1']))
  })
})

describe('runInbox while Kafka goes down', () => {
  let kafka: KafkaCluster
  let network: KafkaProxy
  let lab: InboxLab
  beforeAll(async () => {
    kafka = await startKafka({
      brokers: 1,
      sources: startable,
      advertise: async ({ address }) => {
        network = await startKafkaProxy({ target: address })
        return network.address
      },
    })
    await haveCoordinators(kafka.brokers)
    lab = await InboxLab.open({ databaseUrl: inject('databaseUrl'), kafkaBrokers: kafka.brokers })
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
    await kafka.stop()
    await network.stop()
  })

  it('starts again after one request that a half-open connection has not answered', async () => {
    const orders = await lab.createTopic()
    const run = await lab.run({ topics: [orders], kafka: clientOf(kafka.brokers) })
    await lab.send(orders, ['a'])
    await eventually(() => lab.effects()).toEqual(['a'])
    await eventually(() => run.readiness.ready).toBe(true)
    const crashed = nextEvent(run, 'consumer:crashed')
    network.halfOpen()
    expect(run.readiness).toEqual({ ready: true, held: [] })
    // Not only after six of them.
    expect(String((await crashed).error)).toContain('A broker does not answer')
    expect(run.readiness).toMatchObject({ ready: false, reason: 'BROKER_UNAVAILABLE' })
    await nextEvent(run, 'group:joined')
    await eventually(() => run.readiness.ready).toBe(true)
    network.cut()
    await run.stop()
    expect(run.readiness).toMatchObject({ ready: false, reason: 'STOPPED' })
    await lab.pool.query('DELETE FROM effect')
  })

  it('starts by another broker than one that takes connections and answers nothing', async () => {
    const orders = await lab.createTopic()
    const silent = await startTcpProxy({ target: network.address })
    silent.blackhole()
    const run = await lab.run({ topics: [orders], kafka: clientOf([silent.address, ...kafka.brokers]) })
    await lab.send(orders, ['a'])
    await eventually(() => lab.effects()).toEqual(['a'])
    await run.stop()
    await silent.stop()
    await lab.pool.query('DELETE FROM effect')
  })

  it('starts again by another broker than the one that it has started by, which answers nothing', async () => {
    const orders = await lab.createTopic()
    const first = await startTcpProxy({ target: network.address })
    const run = await lab.run({ topics: [orders], kafka: clientOf([first.address, ...kafka.brokers]) })
    await lab.send(orders, ['a'])
    await eventually(() => lab.effects()).toEqual(['a'])
    const crashed = nextEvent(run, 'consumer:crashed')
    first.blackhole()
    network.halfOpen()
    await crashed
    await nextEvent(run, 'group:joined')
    await eventually(() => run.readiness.ready).toBe(true)
    network.cut()
    await run.stop()
    await first.stop()
    await lab.pool.query('DELETE FROM effect')
  })

  it('says so, and goes on without loss or repeat when it is back', async () => {
    const orders = await lab.createTopic()
    const run = await lab.run({ topics: [orders] })
    await lab.send(orders, ['a'])
    await eventually(() => lab.effects()).toEqual(['a'])
    const crashed = nextEvent(run, 'consumer:crashed')
    await kafka.nodes[0]?.kill()
    await crashed
    // It may have joined before the restart has ended.
    const joined = nextEvent(run, 'group:joined')
    await kafka.nodes[0]?.restart()
    await joined
    await lab.send(orders, ['b'])
    await eventually(() => lab.effects()).toEqual(['a', 'b'])
    await run.stop()
  })

  it('ends, audibly, when the user has decided that a consumer does not start again', async () => {
    const orders = await lab.createTopic()
    let failing = false
    const run = await lab.run({
      topics: [orders],
      consumer: {
        // What goes wrong before, on a busy machine, is not what is tested.
        retry: { retries: 0, restartOnFailure: async () => !failing },
        partitionAssigners: [
          (config) => {
            const assigner = PartitionAssigners.roundRobin(config)
            const assign: typeof assigner.assign = async (group) => {
              if (failing) throw new Error('cannot assign')
              return assigner.assign(group)
            }
            return { ...assigner, assign }
          },
        ],
      },
      handler: writeEffect,
    })
    failing = true
    const stopped = expect(run.stopped).rejects.toMatchObject({ code: 'CONSUMER_CRASHED' })
    await lab.expelMembers()
    await stopped
    await run.stop()
  })
})

function clientOf(brokers: readonly string[]): Kafka {
  return new Kafka({ brokers: [...brokers], requestTimeout: 5_000, logLevel: logLevel.NOTHING })
}
