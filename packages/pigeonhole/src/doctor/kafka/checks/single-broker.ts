import type { Check } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { isSingle } from '../topics.js'

export const singleBroker: Check<KafkaFacts> = {
  name: 'single-broker',
  about: 'there is more than one broker',
  judge(facts) {
    if (!isSingle(facts)) return []
    return [
      {
        severity: 'note',
        is: 'the cluster is one broker: every topic has replication factor 1',
        why: 'Fine for development. In production, what it has acknowledged is lost with its disk.',
        fix: 'In production: three brokers, replication factor 3, min.insync.replicas 2, no unclean leader election.',
      },
    ]
  },
}
