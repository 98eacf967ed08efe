import { PigeonholeError } from '@pigeonhole/core'
import type { Consumer } from 'kafkajs'
import { brokerError, refusalOf } from '../publisher/broker-errors.js'

/** What a consumer is to read. */
export interface Subscription {
  readonly topics: Iterable<string>
  readonly fromBeginning: boolean
}

/**
 * Connects `consumer` and subscribes it, topic by topic, so that an error names the one it is about.
 * @throws BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED, TOPIC_MISSING
 */
export async function openConsumer(
  consumer: Consumer,
  { topics, fromBeginning }: Subscription,
): Promise<void> {
  try {
    await consumer.connect()
  } catch (error) {
    throw brokerError(error, { doing: 'connecting a consumer' })
  }
  for (const topic of topics) {
    try {
      await consumer.subscribe({ topics: [topic], fromBeginning })
    } catch (error) {
      if (refusalOf(error)?.type === 'UNKNOWN_TOPIC_OR_PARTITION') throw topicMissing(topic, error)
      throw brokerError(error, { doing: `subscribing to topic ${topic}`, topic })
    }
  }
}

/** The error for a topic that has a handler, and is not there. */
export function topicMissing(topic: string, cause?: unknown): PigeonholeError<'TOPIC_MISSING'> {
  return new PigeonholeError('TOPIC_MISSING', {
    message: `Topic ${topic} has a handler, but the cluster does not know it: create the topic, then start the consumer`,
    details: { topic },
    cause,
    retryable: true,
  })
}
