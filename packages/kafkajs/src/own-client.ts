import type { Kafka } from 'kafkajs'

// kafkajs makes the cluster client of each of its clients behind a symbol of its own.
const clusterSymbol = 'private:Kafka:createCluster'

/** A request and how its answer is read, as kafkajs's connections take them. */
export interface ProtocolRequest {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly encode: () => Promise<object>
  }
  readonly response: {
    /** Takes what was decoded, and rejects where it says that something was refused. */
    readonly parse: (decoded: never) => Promise<unknown>
  }
}

/** Makes of a request of kafkajs's the one that is sent in its place. `data`: what kafkajs made it of. */
export type RequestChange = (made: ProtocolRequest, data: unknown) => ProtocolRequest

/** The cluster client behind one of kafkajs's clients. */
export interface ClusterInternals {
  readonly brokerPool?: { createBroker?: (options: unknown) => BrokerInternals }
  findBroker(request: { readonly nodeId: string }): Promise<object>
  findGroupCoordinator(request: CoordinatorRequest): Promise<object>
}

/** Whose coordinator is looked for. */
export interface CoordinatorRequest {
  readonly groupId: string
  readonly coordinatorType: number
}

/** What is changed of a client. */
export interface ClientChanges {
  readonly requests?: readonly RequestChange[]
  readonly cluster?: (cluster: ClusterInternals) => void
}

/**
 * Creates a client of `kafka` with changes. Only what `create` creates is touched: no other client of the Kafka instance,
 * and nothing of kafkajs's own code. Where kafkajs's internals are others nothing is changed.
 */
export function withChanges<T>(kafka: Kafka, changes: ClientChanges, create: (kafka: Kafka) => T): T {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === clusterSymbol)
  if (!symbol) return create(kafka)
  const instance = kafka as unknown as Record<symbol, CreateCluster>
  const createCluster = instance[symbol] as CreateCluster
  // A client makes its cluster client while it is created, which nothing can interrupt.
  instance[symbol] = (options) => {
    const cluster = createCluster(options)
    changeRequests(cluster, changes.requests ?? [])
    changes.cluster?.(cluster)
    return cluster
  }
  try {
    return create(kafka)
  } finally {
    instance[symbol] = createCluster
  }
}

type CreateCluster = (options: unknown) => ClusterInternals

interface BrokerInternals {
  lookupRequest: LookupRequest
}

type LookupRequest = (apiKey: number, definition: unknown) => (data: unknown) => ProtocolRequest

function changeRequests({ brokerPool: pool }: ClusterInternals, changes: readonly RequestChange[]): void {
  const createBroker = pool?.createBroker
  if (!pool || !createBroker) return
  pool.createBroker = (options) => {
    const broker = createBroker(options)
    let lookup = broker.lookupRequest
    // It is set anew with every connection, by the versions that the broker knows.
    Object.defineProperty(broker, 'lookupRequest', {
      get: () => (apiKey: number, definition: unknown) => {
        const make = lookup(apiKey, definition)
        return (data: unknown) => changes.reduce((made, change) => change(made, data), make(data))
      },
      set: (found: LookupRequest) => {
        lookup = found
      },
    })
    return broker
  }
}
