import { type Admin, type ITopicConfig, Kafka, logLevel } from 'kafkajs'
import { waitUntil } from './wait-until.js'

/**
 * Creates topics and resolves when the cluster knows a leader for each partition. kafkajs's own `waitForLeaders` rejects
 * when a broker has not heard of the topic yet, which a busy machine makes likely.
 */
export async function createTopics(
  brokers: readonly string[],
  topics: readonly ITopicConfig[],
): Promise<void> {
  const kafka = new Kafka({
    clientId: 'pigeonhole.testing',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.createTopics({ waitForLeaders: false, topics: [...topics] })
    const names = topics.map(({ topic }) => topic)
    await waitUntil({
      server: 'Kafka',
      holds: () => haveLeaders(admin, names),
      deadline: 30_000,
      interval: 20,
    })
  } finally {
    await admin.disconnect()
  }
}

async function haveLeaders(admin: Admin, topics: readonly string[]): Promise<boolean> {
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] })
  const led = found.every(
    ({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0),
  )
  if (!led) return false
  // The metadata name a leader before that broker knows that it is one: only an answer of its own shows it.
  await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)))
  return true
}
