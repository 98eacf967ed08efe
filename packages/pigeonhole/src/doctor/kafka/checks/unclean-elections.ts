import type { Check } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { alterTopics, listed, replicasOf, topicsOf, unlessHidden } from '../topics.js'

const setting = 'unclean.leader.election.enable'

export const uncleanElections: Check<KafkaFacts> = {
  name: 'unclean-elections',
  about: `${setting} is false, of the outbox's topics, the checkpoint topic and Kafka's own`,
  judge(facts) {
    const topics = topicsOf(facts, 'outbox', 'checkpoint', 'internal')
    // A partition with one replica has nobody to elect.
    const unclean = topics
      .filter((topic) => replicasOf(topic) > 1 && topic.settings?.[setting] === 'true')
      .map(({ topic }) => topic)
    if (unclean.length === 0) return unlessHidden([], topics)
    return [
      {
        severity: 'broken',
        is: `${setting} = true: ${listed(unclean)}`,
        why:
          'Exactly once in the log: a replica that lacks records may become leader, and what was acknowledged is lost. A relay ' +
          'that sees it halts with RELAY_KAFKA_WENT_BACK.',
        fix: alterTopics(facts, unclean, `${setting}=false`),
      },
    ]
  },
}
