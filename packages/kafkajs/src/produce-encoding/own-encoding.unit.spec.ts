import { CompressionTypes, Kafka, logLevel, type Producer } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { withChanges } from '../own-client.js'
import { ownEncoding } from './own-encoding.js'

const config = { brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }
const changes = { requests: [ownEncoding] }
const producerConfig = { createPartitioner: () => () => 0 }

interface Broker {
  lookupRequest: (apiKey: number, definition: unknown) => (data: object) => Made
}

interface Made {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    encode(): Promise<{ readonly buffer: Buffer }>
  }
}

const clusterSymbol = 'private:Kafka:createCluster'

function createClusterOf(kafka: Kafka): (options: object) => { readonly brokerPool: BrokerPool } {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === clusterSymbol)
  return (kafka as unknown as Record<symbol, ReturnType<typeof createClusterOf>>)[symbol as symbol] as never
}

interface BrokerPool {
  createBroker(options: object): Broker
}

/** A broker of a client with our encoding: its requests of kafkajs say `kafkajs`, in `apiVersion`. */
function broker(kafka: Kafka, apiVersion = 7): Broker {
  const { brokerPool } = withChanges(kafka, changes, (own) => createClusterOf(own)({}))
  const made = brokerPool.createBroker({ connectionPool: { connectionTimeout: 0 }, logger: kafka.logger() })
  const request = { apiVersion, encode: async () => ({ buffer: Buffer.from('kafkajs') }) }
  made.lookupRequest = (apiKey) => () => ({ request: { ...request, apiKey } })
  return made
}

async function encoded(of: Broker, apiKey: number, data: object = {}): Promise<string> {
  const request = { transactionalId: 'id', acks: -1, timeout: 1, producerId: '1', producerEpoch: 0 }
  const made = of.lookupRequest(apiKey, {})({ ...request, topicData: [], ...data })
  return String((await made.request.encode()).buffer)
}

describe('ownEncoding', () => {
  it('encodes the Produce requests of what is created', async () => {
    expect(await encoded(broker(new Kafka(config)), 0)).not.toBe('kafkajs')
  })

  it.each([
    ['another request', 3, 7, {}],
    ['a request with compression', 0, 7, { compression: CompressionTypes.GZIP }],
    ['an older version of the request', 0, 2, {}],
    ['a version that is not known', 0, 8, {}],
  ])('leaves %s to kafkajs', async (_, apiKey, apiVersion, data) => {
    expect(await encoded(broker(new Kafka(config), apiVersion), apiKey, data)).toBe('kafkajs')
  })

  it('goes on after a connection has set the versions that the broker knows', async () => {
    const its = broker(new Kafka(config))
    its.lookupRequest = (apiKey) => () => ({
      request: { apiKey, apiVersion: 7, encode: async () => ({ buffer: Buffer.from('later') }) },
    })
    expect(await encoded(its, 0)).not.toBe('later')
    expect(await encoded(its, 1)).toBe('later')
  })

  it('leaves the Kafka instance as it was, also when creating fails', () => {
    const kafka = new Kafka(config)
    const before = createClusterOf(kafka)
    withChanges(kafka, changes, (own): Producer => own.producer(producerConfig))
    expect(createClusterOf(kafka)).toBe(before)
    const fail = (): never => {
      throw new Error('no')
    }
    expect(() => withChanges(kafka, changes, fail)).toThrow('no')
    expect(createClusterOf(kafka)).toBe(before)
  })

  it('lets kafkajs be where its internals are others', () => {
    const kafka = { producer: () => 'a producer' } as unknown as Kafka
    expect(withChanges(kafka, changes, (own) => own.producer())).toBe('a producer')
  })
})
