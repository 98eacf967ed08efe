import { randomUUID } from 'node:crypto'
import { type Checkpoint, isPigeonholeError, type RelayPublisher, type ShardProducer } from '@pigeonhole/core'
import { kafkajsPublisher } from '@pigeonhole/kafkajs'
import { type KafkaCluster, type KafkaNode, startKafka } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

let cluster: KafkaCluster
let node: KafkaNode
let kafka: Kafka
let publisher: RelayPublisher
let relay: string

beforeAll(async () => {
  cluster = await startKafka({ brokers: 1, sources: ['docker', 'embedded'] })
  const [only] = cluster.nodes
  if (!only) throw new Error('the cluster has no node')
  node = only
  await haveCoordinator()
  kafka = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING, retry: { retries: 2 } })
}, 120_000)

afterAll(() => cluster.stop())

beforeEach(() => {
  relay = randomUUID()
  publisher = open()
})

afterEach(() => publisher.close())

// A new cluster makes its topic of transactions when first asked: longer, on a busy machine, than two retries wait.
async function haveCoordinator(): Promise<void> {
  const patient = kafkajsPublisher(new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING }))
  await patient.connect('first')
  await patient.createCheckpointTopic('first', 1)
  await patient.fence('first', 0)
  await patient.close()
}

function open(): RelayPublisher {
  return kafkajsPublisher(kafka, { transactionTimeoutMs: 8_000 })
}

async function openShard(): Promise<ShardProducer> {
  await publisher.connect(relay)
  if (!(await publisher.hasCheckpointTopic(relay, 1))) await publisher.createCheckpointTopic(relay, 1)
  return await publisher.fence(relay, 0)
}

/** As a relay does: a coordinator of a broker that has just come back is not there yet, for longer than two retries wait. */
async function reopenShard(): Promise<ShardProducer> {
  for (;;) {
    try {
      return await openShard()
    } catch (error) {
      if (!isPigeonholeError(error) || !error.retryable) throw error
    }
  }
}

async function commit(producer: ShardProducer, number: number): Promise<Checkpoint> {
  const checkpoint = { number, token: randomUUID() }
  await producer.begin(checkpoint)
  await producer.commit()
  return checkpoint
}

describe('a publisher whose broker goes away', () => {
  it('is told so, and goes on where it was once the broker is back', async () => {
    const first = await openShard()
    expect(await first.readCheckpoint()).toBeUndefined()
    const checkpoint = await commit(first, 1)
    await node.kill()
    await expect(commit(first, 2)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE', retryable: true })
    await first.close()
    await expect(publisher.connect(relay)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    await node.restart()
    const second = await reopenShard()
    expect(await second.readCheckpoint()).toEqual(checkpoint)
    await commit(second, 2)
  }, 120_000)

  it('waits for a broker that answers nothing no longer than a transaction lives', async () => {
    const first = await openShard()
    await first.readCheckpoint()
    let acknowledged = 0
    const commitForever = async (): Promise<never> => {
      for (;;) acknowledged = (await commit(first, acknowledged + 1)).number
    }
    // Of its own deadline: kafkajs waits for 30 s by itself.
    const message = expect.stringContaining('no answer within')
    const rejected = expect(commitForever()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE', message })
    await expect.poll(() => acknowledged).toBeGreaterThan(0)
    await node.pause()
    await rejected
    // Its connections cannot end before the broker answers.
    await publisher.close()
    await node.resume()
    publisher = open()
    // The coordinator may load once more. Then a relay opens again, and goes on.
    const goOn = async (): Promise<number | undefined> => {
      const next = await openShard()
      const found = await next.readCheckpoint()
      await commit(next, acknowledged + 2)
      return found?.number
    }
    // The broker may have had what was in its socket: what became of it is its decision, and final. A number further on is
    // of a former turn of this poll.
    const possible = [acknowledged, acknowledged + 1, acknowledged + 2]
    await expect
      .poll(() => goOn().catch(() => undefined), { timeout: 60_000 })
      .toSatisfy((found) => possible.includes(found))
  }, 120_000)
})
