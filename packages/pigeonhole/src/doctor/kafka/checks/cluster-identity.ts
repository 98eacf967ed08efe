import { type Check, Inapplicable, Unexamined } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'

export const clusterIdentity: Check<KafkaFacts> = {
  name: 'cluster-identity',
  about: 'the outbox is that of this Kafka cluster',
  judge({ outbox, cluster: { clusterId } }) {
    if (!outbox) return new Unexamined('the tables cannot be read, or no database was given')
    const recorded = outbox.identity?.clusterId
    if (recorded === undefined) return new Inapplicable('no relay has opened this outbox yet')
    if (recorded === clusterId) return []
    return [
      {
        severity: 'broken',
        is: `the outbox was relayed to Kafka cluster ${recorded}, and this is ${clusterId}`,
        why: 'A relay halts here with RELAY_IDENTITY_CHANGED instead of sending anything twice.',
        fix: 'Set the brokers of the right cluster; after a move: docs/operations.md, "A new Kafka cluster", and pigeonhole adopt.',
      },
    ]
  },
}
