import {
  createTopics,
  type KafkaCluster,
  type KafkaProxy,
  startKafka,
  startKafkaProxy,
} from '@pigeonhole/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { soon, tellingMs, WatchedService } from './watched-service.js'

describe('while Kafka is in trouble', { timeout: 600_000 }, () => {
  const networks: KafkaProxy[] = []
  let kafka: KafkaCluster
  let service: WatchedService

  beforeAll(async () => {
    kafka = await startKafka({
      brokers: 3,
      sources: ['docker', 'embedded'],
      advertise: async ({ address }) => {
        const network = await startKafkaProxy({ target: address })
        networks.push(network)
        return network.address
      },
    })
    service = await WatchedService.open({ serverUrl: inject('databaseUrl'), brokers: kafka.brokers })
  }, 240_000)
  beforeEach(() => service.start(), 900_000)
  afterEach(() => service.isWell(), 900_000)
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]()
    await kafka?.stop()
    for (const network of networks) await network.stop()
  })

  it('one broker of three is down: all goes on', async () => {
    await kafka.nodes[0]?.kill()
    await service.isHandled(await service.publish())
    await kafka.nodes[0]?.restart()
  })

  // The first of `brokers` is the one that every new client asks first.
  it.each([0, 1, 2])(
    'one broker of three, number %i, answers nothing: all goes on without it',
    async (number) => {
      await kafka.nodes[number]?.pause()
      await service.isHandled(await service.publish())
      await kafka.nodes[number]?.resume()
    },
  )

  // What tells of it is over once all have connected anew: whoever looks too late sees nothing of it.
  it('connections are half-open: all connect anew by themselves', { retry: 1 }, async () => {
    for (const network of networks) network.halfOpen()
    await service.tells({ leader: 'BROKER_UNAVAILABLE', consumer: 'BROKER_UNAVAILABLE' })
  })

  it('it answers nothing, and there is nothing to send', async () => {
    for (const node of kafka.nodes) await node.pause()
    await service.tells({ leader: 'BROKER_UNAVAILABLE', consumer: 'BROKER_UNAVAILABLE', status: 0 })
    // It led nothing, and asked Kafka nothing, until the leader gave up.
    await service.standby.line({ level: 'warn', code: 'BROKER_UNAVAILABLE' }, { timeout: 60_000 })
    for (const node of kafka.nodes) await node.resume()
  })

  it('it is down, and a message waits', async () => {
    for (const node of kafka.nodes) await node.kill()
    const waiting = await service.publish()
    await service.tells({ leader: 'BROKER_UNAVAILABLE', consumer: 'BROKER_UNAVAILABLE', status: 4 })
    await soon(() => service.leader.metric('pigeonhole_outbox_pending{shard="0"}'), tellingMs).toBe(1)
    await Promise.all(kafka.nodes.map((node) => node.restart()))
    await service.isHandled(waiting)
  })

  it('a topic is gone: the topic is paused, and its messages follow once it is there', async () => {
    const absent = `${service.name}-late`
    const after = service.leader.lines.length
    await service.publishTo(absent)
    await Promise.all([
      service.tells({ status: 4 }),
      soon(() => service.leader.metric('pigeonhole_paused_topics'), tellingMs).toBe(1),
      service.leader.line({ level: 'warn', code: 'TOPIC_MISSING' }, { after, timeout: tellingMs }),
    ])
    expect(await service.leader.readiness()).toMatchObject({ status: 200 })
    await createTopics(kafka.brokers, [{ topic: absent, numPartitions: 1 }])
    await service.leader.line({ message: 'topic goes on', topic: absent }, { after, timeout: 60_000 })
  })
})
