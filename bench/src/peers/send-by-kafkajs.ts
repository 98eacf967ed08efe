import { type Kafka, Kafka as KafkajsClient, logLevel } from 'kafkajs'
import type { GeneralMessageHandler } from 'pg-transactional-outbox'
import type { ProgramOptions } from './relay-child.js'

/** A handler of pg-transactional-outbox that sends each message and resolves when Kafka has acknowledged it. */
export async function sendByKafkajs({ brokers, topic }: ProgramOptions): Promise<GeneralMessageHandler> {
  const kafka: Kafka = new KafkajsClient({
    clientId: topic,
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
  })
  const producer = kafka.producer({ idempotent: true })
  await producer.connect()
  return {
    handle: async ({ id, aggregateType, aggregateId, payload }) => {
      const messages = [{ key: aggregateId, value: JSON.stringify(payload), headers: { id } }]
      await producer.send({ topic: aggregateType, acks: -1, messages })
    },
  }
}
