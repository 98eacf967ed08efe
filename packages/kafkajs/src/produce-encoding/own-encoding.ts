import type { Kafka } from 'kafkajs'
import { type EncodedRequest, encodeProduceRequest, type ProduceRequestData } from './produce-request.js'

// kafkajs keeps what makes a client's connections behind a symbol of its own.
const clusterSymbol = 'private:Kafka:createCluster'
const produceKey = 0
// The versions of a Produce request whose bodies are alike: older ones carry another format of records.
const versions = { first: 3, last: 7 }

/**
 * Creates a client of `kafka` whose Produce requests are encoded here. Only what `create` creates is touched: no other
 * client of the Kafka instance, and nothing of kafkajs's own code. What kafkajs should do in another way than 2.2.4 it
 * goes on doing by itself: a request with compression too, where the codec and not the encoder takes the time.
 */
export function withOwnEncoding<T>(kafka: Kafka, create: (kafka: Kafka) => T): T {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === clusterSymbol)
  if (!symbol) return create(kafka)
  const instance = kafka as unknown as Record<symbol, CreateCluster>
  const createCluster = instance[symbol] as CreateCluster
  // A client makes its connections' pool while it is created, which nothing can interrupt.
  instance[symbol] = (options) => encodesProduce(createCluster(options))
  try {
    return create(kafka)
  } finally {
    instance[symbol] = createCluster
  }
}

type CreateCluster = (options: unknown) => ClusterInternals

interface ClusterInternals {
  readonly brokerPool?: { createBroker?: (options: unknown) => BrokerInternals }
}

interface BrokerInternals {
  lookupRequest: LookupRequest
}

type LookupRequest = (apiKey: number, definition: unknown) => MakeRequest
type MakeRequest = (data: ProduceRequestData) => ProtocolRequest

/** A request and how its answer is read, as kafkajs's connections take them. */
interface ProtocolRequest {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly encode: () => Promise<EncodedRequest>
  }
}

function encodesProduce(cluster: ClusterInternals): ClusterInternals {
  const pool = cluster.brokerPool
  const createBroker = pool?.createBroker
  if (!pool || !createBroker) return cluster
  pool.createBroker = (options) => {
    const broker = createBroker(options)
    let lookup = broker.lookupRequest
    // It is set anew with every connection, by the versions that the broker knows.
    Object.defineProperty(broker, 'lookupRequest', {
      get: () => (apiKey: number, definition: unknown) => {
        const make = lookup(apiKey, definition)
        return apiKey === produceKey ? (data: ProduceRequestData) => ownEncoding(make(data), data) : make
      },
      set: (found: LookupRequest) => {
        lookup = found
      },
    })
    return broker
  }
  return cluster
}

function ownEncoding(made: ProtocolRequest, data: ProduceRequestData): ProtocolRequest {
  const { apiVersion } = made.request
  if (apiVersion < versions.first || apiVersion > versions.last || data.compression) return made
  return { ...made, request: { ...made.request, encode: async () => encodeProduceRequest(data) } }
}
