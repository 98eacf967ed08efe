import { randomUUID } from 'node:crypto'
import { inspectCluster, kafkajsPublisher } from '@pigeonhole/kafkajs'
import { startTcpProxy, type TcpProxy } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'

const [broker] = inject('kafkaBrokers') as [string]

describe('the first of the brokers takes connections and answers nothing', () => {
  let silent: TcpProxy
  beforeEach(async () => {
    silent = await startTcpProxy({ target: broker })
    silent.blackhole()
  })
  afterEach(() => silent.stop())

  function clientOf(brokers: readonly string[]): Kafka {
    return new Kafka({
      brokers: [...brokers],
      requestTimeout: 2_000,
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 50, retries: 3 },
    })
  }

  it('a shard is opened, written to and read by the next one', async () => {
    const relay = randomUUID()
    const publisher = kafkajsPublisher(clientOf([silent.address, broker]))
    await publisher.connect(relay)
    await publisher.createCheckpointTopic(relay, 1)
    const producer = await publisher.fence(relay, 0)
    expect(await producer.readCheckpoint()).toBeUndefined()
    await producer.begin({ number: 1, token: randomUUID() })
    await producer.commit()
    expect(await producer.isIntact()).toBe(true)
    await publisher.close()
  })

  it('it is not asked by those that come after', async () => {
    const kafka = clientOf([silent.address, broker])
    const question = { topics: [], transactionalIds: [] }
    await inspectCluster(kafka, question)
    const { connections } = silent
    expect(connections).toBeGreaterThan(0)
    await inspectCluster(kafka, question)
    expect(silent.connections).toBe(connections)
  })

  it('it is asked again where no other can be connected to', async () => {
    const gone = await startTcpProxy({ target: broker })
    const { address } = gone
    await gone.stop()
    const kafka = clientOf([silent.address, address])
    const question = { topics: [], transactionalIds: [] }
    await expect(inspectCluster(kafka, question)).rejects.toThrow()
    silent.heal()
    expect(await inspectCluster(kafka, question)).toMatchObject({ clusterId: expect.any(String) })
  })
})
