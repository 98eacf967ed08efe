import type { Check } from '../../check.js'
import type { Finding, Severity } from '../../finding.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { isSingle, listed, noTopics, oneBroker, replicasOf, topicsOf } from '../topics.js'

export const replication: Check<KafkaFacts> = {
  name: 'replication',
  about: "the outbox's topics and the checkpoint topic have replication factor 3",
  judge(facts) {
    if (isSingle(facts)) return oneBroker
    if (topicsOf(facts, 'outbox', 'checkpoint').length === 0) return noTopics
    return [...withReplicas(facts, 1, 'broken'), ...withReplicas(facts, 2, 'risk')]
  },
}

function withReplicas(facts: KafkaFacts, replicas: number, severity: Severity): Finding[] {
  const names = topicsOf(facts, 'outbox', 'checkpoint')
    .filter((topic) => replicasOf(topic) === replicas)
    .map(({ topic }) => topic)
  if (names.length === 0) return []
  return [
    {
      severity,
      is: `replication factor ${replicas}: ${listed(names)}`,
      why:
        replicas === 1
          ? 'Exactly once in the log: what was acknowledged is lost with one disk.'
          : 'Exactly once in the log: with one broker away, either nothing can be written, or one disk holds all.',
      fix: `kafka-reassign-partitions.sh --bootstrap-server ${facts.bootstrap}, to three replicas for each partition`,
    },
  ]
}
