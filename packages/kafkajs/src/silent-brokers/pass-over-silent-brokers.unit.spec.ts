import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type BrokerPool, clusterOf } from '../kafkajs-copy.js'
import { passOverSilentBrokers } from './pass-over-silent-brokers.js'
import { forgetSilence, noteSilence } from './silent-brokers.js'

describe('passOverSilentBrokers', () => {
  const kafka = new Kafka({ brokers: ['a:1', 'b:2', 'c:3'], logLevel: logLevel.NOTHING })
  let pool: BrokerPool
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] })
    passOverSilentBrokers(kafka)
    pool = (clusterOf(kafka) as unknown as { readonly brokerPool: BrokerPool }).brokerPool
  })
  afterEach(() => {
    vi.useRealTimers()
    forgetSilence()
  })

  async function nextSeed(): Promise<string | undefined> {
    await pool.createSeedBroker()
    return pool.seedBroker?.connectionPool.host
  }

  it('begins behind those that have not answered', async () => {
    noteSilence(noAnswer('a:1'))
    noteSilence(noAnswer('b:2'))
    expect(await nextSeed()).toBe('c')
  })

  it('takes them in their order where none has answered', async () => {
    for (const broker of ['a:1', 'b:2', 'c:3']) noteSilence(noAnswer(broker))
    expect(await nextSeed()).toBe('a')
    expect(await nextSeed()).toBe('b')
  })

  it('takes one of them also where those that were named first are named no more', async () => {
    const named = ['a:1', 'b:2']
    const { brokerPool } = clusterOf(
      new Kafka({ brokers: async () => [named.shift() ?? 'c:3'], logLevel: logLevel.NOTHING }),
    ) as unknown as { readonly brokerPool: BrokerPool }
    for (const broker of ['a:1', 'b:2', 'c:3']) noteSilence(noAnswer(broker))
    await brokerPool.createSeedBroker()
    expect(brokerPool.seedBroker?.connectionPool.host).toBe('c')
  })

  it('asks one that has not answered again after a minute', async () => {
    noteSilence(noAnswer('a:1'))
    vi.advanceTimersByTime(59_999)
    expect(await nextSeed()).toBe('b')
    pool = (clusterOf(kafka) as unknown as { readonly brokerPool: BrokerPool }).brokerPool
    vi.advanceTimersByTime(1)
    expect(await nextSeed()).toBe('a')
  })

  it('takes nothing but a missing answer for silence', async () => {
    noteSilence(Object.assign(new Error('refused'), { broker: 'a:1' }))
    noteSilence(Object.assign(noAnswer('a:1'), { broker: undefined }))
    expect(await nextSeed()).toBe('a')
  })

  it('lets those that are connected be', async () => {
    await pool.createSeedBroker()
    const seed = pool.seedBroker
    Object.assign(seed as object, { isConnected: () => true })
    noteSilence(noAnswer('a:1'))
    await pool.connect()
    expect(pool.seedBroker).toBe(seed)
  })
})

function noAnswer(broker: string): Error {
  return Object.assign(new Error('timed out'), { name: 'KafkaJSRequestTimeoutError', broker })
}
