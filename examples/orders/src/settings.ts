import { Kafka, logLevel } from 'kafkajs'

/** The value of an environment variable that this service cannot do without. */
export function required(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new Error(`${name} is not set: see examples/orders/README.md`)
}

/** Stands before every name in Kafka, so that several installations share a cluster, such as `staging.`. */
export const prefix: string = process.env['KAFKA_PREFIX'] ?? ''

/** A client of the cluster that KAFKA_BROKERS names. It logs nothing itself: services tell of their troubles by events. */
export function connectKafka(clientId: string): Kafka {
  return new Kafka({ clientId, brokers: required('KAFKA_BROKERS').split(','), logLevel: logLevel.NOTHING })
}
