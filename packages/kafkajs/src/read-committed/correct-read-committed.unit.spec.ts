import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertVersion, brokerPrototypeOf, ownBrokerPrototype } from '../kafkajs-copy.js'
import { assertReadCommitted, correctReadCommitted } from './correct-read-committed.js'

const require = createRequire(import.meta.url)
const config = { brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pigeonhole-kafkajs-'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** A Kafka instance of a copy of kafkajs that nobody else has. */
async function kafkaOfAnotherCopy(name: string): Promise<Kafka> {
  const copy = path.join(folder, name)
  await cp(path.dirname(require.resolve('kafkajs/package.json')), copy, { recursive: true })
  const { Kafka: OtherKafka } = require(copy) as { readonly Kafka: typeof Kafka }
  return new OtherKafka(config)
}

describe('correctReadCommitted', () => {
  it('corrects a copy once, however often it is called', () => {
    correctReadCommitted()
    const { fetch } = ownBrokerPrototype()
    correctReadCommitted()
    correctReadCommitted(new Kafka(config))
    expect(ownBrokerPrototype().fetch).toBe(fetch)
  })

  it('marks what the original method fetched', async () => {
    const kafka = await kafkaOfAnotherCopy('stubbed')
    const broker = brokerPrototypeOf(kafka)
    const key = Buffer.from([0, 0, 0, 0])
    const batchContext = { firstOffset: '0', lastOffsetDelta: 0, producerId: '1', inTransaction: true }
    const record = { offset: '0', key, value: null, isControlRecord: false, batchContext }
    const abortedTransactions = [{ producerId: '1', firstOffset: '0' }]
    const partitions = [{ partition: 0, messages: [record], abortedTransactions }]
    correctReadCommitted(kafka)
    const corrected = broker.fetch
    // What it asks the broker for goes out through this method, which is the last thing that it does.
    const lookup = {
      lookupRequest: () => () => ({}),
      connectionPool: { send: async () => ({ responses: [{ topicName: 't', partitions }] }) },
    }
    const response = await corrected.call(Object.assign(Object.create(broker), lookup), { topics: [] })
    expect(response.responses[0]?.partitions[0]?.messages[0]?.isControlRecord).toBe(true)
  })

  it('reaches the copy of kafkajs that a Kafka instance comes from', async () => {
    const kafka = await kafkaOfAnotherCopy('reached')
    const before = brokerPrototypeOf(kafka).fetch
    expect(brokerPrototypeOf(kafka)).not.toBe(ownBrokerPrototype())
    correctReadCommitted(kafka)
    expect(brokerPrototypeOf(kafka).fetch).not.toBe(before)
  })

  it('refuses a copy whose code is not the known one', async () => {
    const kafka = await kafkaOfAnotherCopy('changed')
    brokerPrototypeOf(kafka).fetch = async () => ({ responses: [] })
    expect(() => correctReadCommitted(kafka)).toThrow(
      expect.objectContaining({ code: 'KAFKAJS_UNSUPPORTED' }),
    )
  })

  it('refuses another version than the one whose internals are known', () => {
    expect(() => assertVersion('2.2.3')).toThrow(
      expect.objectContaining({ code: 'KAFKAJS_UNSUPPORTED', details: { found: '2.2.3', needed: '2.2.4' } }),
    )
  })
})

describe('assertReadCommitted', () => {
  it('accepts a consumer of the own copy', () => {
    expect(() => assertReadCommitted(new Kafka(config).consumer({ groupId: 'g' }))).not.toThrow()
  })

  it('refuses a consumer of another copy until that is corrected', async () => {
    const kafka = await kafkaOfAnotherCopy('asserted')
    const consumer = kafka.consumer({ groupId: 'g' })
    expect(() => assertReadCommitted(consumer)).toThrow(
      expect.objectContaining({ code: 'KAFKAJS_UNSUPPORTED' }),
    )
    correctReadCommitted(kafka)
    expect(() => assertReadCommitted(consumer)).not.toThrow()
  })
})
