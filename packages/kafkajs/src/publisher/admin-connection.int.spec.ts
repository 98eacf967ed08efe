import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { createTopics, startTcpProxy } from '@pigeonhole/testing'
import { type ISocketFactory, Kafka, logLevel } from 'kafkajs'
import { beforeEach, describe, expect, inject, it } from 'vitest'
import { AdminConnection } from './admin-connection.js'
import { WireTap } from './wire-tap.fake.js'

const brokers = [...inject('kafkaBrokers')]
const timeoutMs = 10_000

let tap: WireTap
let connection: AdminConnection

beforeEach(() => {
  tap = new WireTap()
  const { socketFactory } = tap
  connection = new AdminConnection(
    new Kafka({ brokers, logLevel: logLevel.NOTHING, socketFactory }),
    timeoutMs,
  )
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

  it('gives up what a silent connection does not answer, and connects anew', async () => {
    await using proxy = await startTcpProxy({ target: brokers[0] as string })
    // The only way to the broker: what it says of itself leads past the proxy.
    const socketFactory: ISocketFactory = ({ onConnect }) =>
      connect({ host: '127.0.0.1', port: proxy.port }, onConnect)
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, socketFactory })
    const silent = new AdminConnection(kafka, 2_000)
    // Its limit is short, and a busy machine may need longer: what counts is that it gets there.
    const list = () => silent.use((admin) => admin.listTopics()).catch(() => undefined)
    await expect.poll(list).toBeInstanceOf(Array)
    proxy.halfOpen()
    await expect(silent.use((admin) => admin.listTopics())).rejects.toThrow('no answer within 2000 ms')
    await expect.poll(list).toBeInstanceOf(Array)
    proxy.cut()
    await silent.close()
  })
})
