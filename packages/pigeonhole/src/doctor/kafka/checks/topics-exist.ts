import type { Check } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { listed, noTopics } from '../topics.js'

export const topicsExist: Check<KafkaFacts> = {
  name: 'topics',
  about: 'the topics that the outbox and the inboxes name are there',
  judge({ topics, bootstrap }) {
    const missing = topics
      .filter(({ state, uses }) => state === 'missing' && (uses.has('outbox') || uses.has('inbox')))
      .map(({ topic }) => topic)
    if (!topics.some(({ uses }) => uses.has('outbox') || uses.has('inbox'))) return noTopics
    if (missing.length === 0) return []
    return [
      {
        severity: 'broken',
        is: `not in the cluster: ${listed(missing)}`,
        why: 'Messages for a topic that is not there are parked, and sent once it is. An inbox has nothing to read.',
        fix: [
          'pigeonhole doctor --create-topics   (with the number of partitions and replicas that brokers take by default), or:',
          ...missing.map(
            (topic) =>
              `kafka-topics.sh --bootstrap-server ${bootstrap} --create --topic ${topic} --partitions <number>`,
          ),
        ].join('\n'),
      },
    ]
  },
}
