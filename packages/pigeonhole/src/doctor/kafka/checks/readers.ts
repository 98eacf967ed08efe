import type { Check } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { listed, noTopics, topicsOf } from '../topics.js'

export const readers: Check<KafkaFacts> = {
  name: 'readers',
  about:
    "who reads the outbox's topics in a consumer group: whether read_committed, each client knows itself",
  judge(facts) {
    const topics = new Set(topicsOf(facts, 'outbox').map(({ topic }) => topic))
    if (topics.size === 0) return noTopics
    const groups = new Map<string, Set<string>>()
    for (const { groupId, clientId, topics: read } of facts.cluster.members)
      if (read.some((topic) => topics.has(topic)))
        groups.set(groupId, (groups.get(groupId) ?? new Set()).add(clientId))
    if (groups.size === 0) return []
    const shown = [...groups].map(([group, clients]) => `${group} (client ids ${listed([...clients], 3)})`)
    return [
      {
        severity: 'note',
        is: `consumer groups read topics of the outbox: ${listed(shown)}`,
        why:
          'Exactly once in the log is for read_committed consumers. Whether these are, Kafka does not tell: a client names its isolation ' +
          'with each fetch. Consumers without a group are not seen at all.',
        fix:
          'Look at each: runInbox is. kafkajs: readUncommitted must not be true, and correctReadCommitted() be called. Java and ' +
          'librdkafka: isolation.level=read_committed.',
      },
    ]
  },
}
