import type { KafkaCluster, KafkaNode, StartKafkaOptions } from './kafka-cluster.js'
import { brokerIds } from './kafka-ready.js'
import { provisioningFailed } from './provisioning-failed.js'
import { Absence } from './server-source.js'

const variable = 'PIGEONHOLE_TEST_KAFKA_BROKERS'

/** The cluster that PIGEONHOLE_TEST_KAFKA_BROKERS names, which is used and never touched. */
export async function environmentKafka({
  brokers: wanted,
  advertise,
  secured,
}: StartKafkaOptions): Promise<KafkaCluster | Absence> {
  const value = process.env[variable]
  if (value === undefined || value === '') return new Absence(`${variable} is not set`)
  if (advertise) return new Absence(`the cluster of ${variable} advertises addresses of its own`)
  if (secured) return new Absence(`the listeners of the cluster of ${variable} are its own`)
  const brokers = value.split(',').map((broker) => broker.trim())
  const ids = await brokerIds(brokers).catch((error: unknown) => {
    throw provisioningFailed(
      'Kafka',
      `The cluster that ${variable} names (${value}) does not answer. Start it, correct the addresses, or unset ${variable}`,
      error,
    )
  })
  if (ids.length < wanted)
    return new Absence(`the cluster of ${variable} has ${ids.length} brokers, not ${wanted}`)
  const stop = () => Promise.resolve()
  return {
    brokers,
    securedBrokers: [],
    source: 'environment',
    nodes: ids.map(untouchable),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function untouchable(id: number): KafkaNode {
  const refuse = (what: string) => () => {
    const message =
      `The cluster that ${variable} names belongs to you and its broker ${id} is not ${what}. ` +
      "Start one of the test's own with startKafka({ brokers, sources: ['docker', 'embedded'] })"
    return Promise.reject(provisioningFailed('Kafka', message))
  }
  return {
    id,
    kill: refuse('killed'),
    pause: refuse('paused'),
    resume: refuse('resumed'),
    restart: refuse('restarted'),
  }
}
