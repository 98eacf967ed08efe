import { isPigeonholeError, topic } from '@pigeonhole/core'

/** Whether Kafka takes `name` for a topic's. Publishing refuses others; a trigger, or SQL by hand, does not ask. */
export function isTopicName(name: string): boolean {
  try {
    return topic(name).name === name
  } catch (error) {
    if (isPigeonholeError(error, 'TOPIC_NAME_INVALID')) return false
    throw error
  }
}
