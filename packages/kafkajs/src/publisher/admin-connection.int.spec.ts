import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { createTopics } from '@pigeonhole/testing'
import { Kafka, logLevel } from 'kafkajs'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import { AdminConnection } from './admin-connection.js'
import { WireTap } from './wire-tap.fake.js'

const brokers = [...inject('kafkaBrokers')]

let tap: WireTap
let connection: AdminConnection

beforeEach(() => {
  tap = new WireTap()
  const { socketFactory } = tap
  connection = new AdminConnection(new Kafka({ brokers, logLevel: logLevel.NOTHING, socketFactory }))
})

describe('an admin connection', () => {
  it('leaves nothing open where one use fails while another is under way', async () => {
    const topic = randomUUID()
    await createTopics(brokers, [{ topic }])
    const failure = new EventEmitter()
    const failed = once(failure, 'failed')
    const underWay = connection.use(async (admin) => {
      await failed
      return admin.fetchTopicOffsets(topic)
    })
    const missing = connection.use((admin) => admin.fetchTopicMetadata({ topics: [randomUUID()] }))
    await expect(missing).rejects.toThrow()
    failure.emit('failed')
    expect(await underWay).toHaveLength(1)
    await connection.close()
    await expect.poll(() => tap.open).toBe(0)
  })

  it('leaves nothing open where it is closed while a use is under way', async () => {
    await connection.use((admin) => admin.listTopics())
    const underWay = connection.use(async (admin) => {
      await expect.poll(() => tap.open).toBe(0)
      await admin.listTopics()
    })
    await connection.close()
    await Promise.allSettled([underWay])
    await expect.poll(() => tap.open).toBe(0)
  })

  it('connects anew behind an error', async () => {
    const refused = connection.use(() => Promise.reject(new Error('refused')))
    await expect(refused).rejects.toThrow('refused')
    expect(await connection.use((admin) => admin.listTopics())).toBeInstanceOf(Array)
    await connection.close()
  })
})
