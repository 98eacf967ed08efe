import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Consumer, type EachBatchHandler, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenToRunners, type OffsetManager, type Runner, separateOffsets } from './kafkajs-runner.js'

const require = createRequire(import.meta.url)
const config = { brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, retry: { retries: 0 } }
const idle: EachBatchHandler = async () => undefined

describe('listenToRunners', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pigeonhole-kafkajs-'))
    await cp(path.dirname(require.resolve('kafkajs/package.json')), folder, { recursive: true })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('keeps a consumer from starting when told so: kafkajs starts again after a stop that came upon a crash', async () => {
    const consumer = new Kafka(config).consumer({ groupId: 'g' })
    const joins = connectionsOf(consumer)
    const eachBatch: EachBatchHandler = async () => undefined
    listenToRunners(consumer, eachBatch, () => false)
    await consumer.run({ eachBatch })
    expect(joins).toEqual([])
  })

  it('hears of the runners of its own consumer only', async () => {
    const heard: Runner[] = []
    const eachBatch: EachBatchHandler = async () => undefined
    const consumer = new Kafka(config).consumer({ groupId: 'g' })
    listenToRunners(consumer, eachBatch, (runner) => {
      heard.push(runner)
      return false
    })
    await new Kafka(config)
      .consumer({ groupId: 'other' })
      .run({ eachBatch: idle })
      .catch(() => undefined)
    expect(heard).toEqual([])
    await consumer.run({ eachBatch })
    expect(heard).toMatchObject([{ consumerGroup: { isolationLevel: 1, maxWaitTime: 5_000 } }])
  })

  it('finds the runners of another copy of kafkajs', async () => {
    const { Kafka: OtherKafka } = require(folder) as { readonly Kafka: typeof Kafka }
    const consumer = new OtherKafka(config).consumer({ groupId: 'g' })
    let heard = 0
    const eachBatch: EachBatchHandler = async () => undefined
    listenToRunners(consumer, eachBatch, () => {
      heard += 1
      return false
    })
    await consumer.run({ eachBatch })
    expect(heard).toBe(1)
  })

  it('refuses a consumer whose copy of kafkajs cannot be found', () => {
    class Foreign extends Error {}
    const seek = (): never => {
      throw new Foreign()
    }
    expect(() => listenToRunners({ seek } as unknown as Consumer, idle, () => true)).toThrow(
      expect.objectContaining({ code: 'KAFKAJS_UNSUPPORTED' }),
    )
  })
})

describe('separateOffsets', () => {
  const OffsetManagerOfKafkajs = require('kafkajs/src/consumer/offsetManager') as new (
    options: object,
  ) => OffsetManager

  it('keeps what a member knows of offsets from another one of its group and Kafka instance', async () => {
    const kafka = new Kafka(config)
    const [first, second] = [await runnerOf(kafka), await runnerOf(kafka)]
    separateOffsets(first)
    separateOffsets(second)
    const known = joined(first, { orders: [0] }).committedOffsets()
    Object.assign(known['orders'] ?? {}, { 0: '5' })
    joined(second, {})
    expect(known).toEqual({ orders: { 0: '5' } })
  })

  // kafkajs makes one at each join, and empties what is known of the group's offsets with it.
  function joined({ consumerGroup: { cluster } }: Runner, memberAssignment: object): OffsetManager {
    return new OffsetManagerOfKafkajs({ cluster, memberAssignment, groupId: 'g' })
  }

  async function runnerOf(kafka: Kafka): Promise<Runner> {
    const heard: Runner[] = []
    const consumer = kafka.consumer({ groupId: 'g' })
    const eachBatch: EachBatchHandler = async () => undefined
    listenToRunners(consumer, eachBatch, (runner) => heard.push(runner) === 0)
    await consumer.run({ eachBatch })
    return heard[0] as Runner
  }
})

// A runner that starts says so before it has reached any broker.
function connectionsOf(consumer: Consumer): unknown[] {
  const crashes: unknown[] = []
  consumer.on(consumer.events.CRASH, (event) => crashes.push(event))
  return crashes
}
