import { Kafka, logLevel } from 'kafkajs'
import { waitUntil } from './wait-until.js'

/** What {@link kafkaReady} waits for. */
export interface KafkaReadiness {
  readonly brokers: readonly string[]
  /** How many brokers must be in the cluster. */
  readonly nodes: number
  readonly log?: () => Promise<string>
  /** Milliseconds. Default 180 000: on a slow disk one that was killed needs more than a minute to go through its logs. */
  readonly deadline?: number
}

/** Resolves when a broker answers and all are in the cluster. Throws PROVISIONING_FAILED after the deadline. */
export function kafkaReady({ brokers, nodes, log, deadline = 180_000 }: KafkaReadiness): Promise<void> {
  return waitUntil({
    server: 'Kafka',
    holds: async () => {
      const ids = await brokerIds(brokers)
      if (ids.length < nodes) throw new Error(`of ${nodes} brokers, in the cluster are: ${ids.join(', ')}`)
      return true
    },
    deadline,
    interval: 100,
    ...(log !== undefined && { log }),
  })
}

/** The ids of the brokers that are in the cluster now, in order. */
export async function brokerIds(brokers: readonly string[]): Promise<number[]> {
  const kafka = new Kafka({
    clientId: 'pigeonhole.provision',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 5_000,
    // A try for each address: kafkajs goes on to the next one only when it retries.
    retry: { retries: brokers.length, initialRetryTime: 50, maxRetryTime: 50 },
  })
  const admin = kafka.admin()
  try {
    await admin.connect()
    const cluster = await admin.describeCluster()
    return cluster.brokers.map((broker) => broker.nodeId).sort((a, b) => a - b)
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}
