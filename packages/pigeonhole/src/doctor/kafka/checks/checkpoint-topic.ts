import { type Check, Unexamined } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { ExaminedTopic, KafkaFacts } from '../kafka-facts.js'
import { alterTopics, unlessHidden } from '../topics.js'

export const checkpointTopic: Check<KafkaFacts> = {
  name: 'checkpoint-topic',
  about: "the relay's checkpoint topic is compacted and nothing else, and has a partition for each shard",
  judge(facts) {
    const topic = facts.topics.find(({ uses }) => uses.has('checkpoint'))
    if (!topic) return new Unexamined('the name of the relay is not known: --name')
    if (topic.state === 'hidden') return new Unexamined(`${topic.topic} may not be described`)
    if (topic.state === 'missing') return [missing(topic.topic, facts.outbox?.hasSent === true)]
    const found = [...partitions(facts, topic), ...policy(facts, topic)]
    return unlessHidden(found, [topic])
  },
}

function missing(topic: string, hasSent: boolean): Finding {
  return hasSent
    ? {
        severity: 'broken',
        is: `${topic} is not there, and the database has sent batches before`,
        why: 'It was deleted, or this is another cluster: a relay halts with RELAY_CHECKPOINT_LOST instead of sending anything twice.',
        fix: 'See docs/operations.md, "The checkpoint topic is lost"; then pigeonhole adopt.',
      }
    : {
        severity: 'note',
        is: `${topic} is not there yet`,
        why: 'A relay creates it when it opens the outbox for the first time, where it may.',
        fix: 'Nothing; or beforehand: pigeonhole doctor --create-topics',
      }
}

function partitions({ relay: { shards }, bootstrap }: KafkaFacts, topic: ExaminedTopic): Finding[] {
  const found = topic.partitions.length
  if (found >= shards) return []
  return [
    {
      severity: 'broken',
      is: `${topic.topic} has ${found} ${found === 1 ? 'partition' : 'partitions'} for ${shards} shards`,
      why: 'Each shard has a partition of its own: no shard opens (CHECKPOINT_TOPIC_INVALID).',
      fix: `kafka-topics.sh --bootstrap-server ${bootstrap} --alter --topic ${topic.topic} --partitions ${shards}`,
    },
  ]
}

function policy(facts: KafkaFacts, topic: ExaminedTopic): Finding[] {
  const found = topic.settings?.['cleanup.policy']
  if (found === undefined || found === null || found === 'compact') return []
  return [
    {
      severity: 'broken',
      is: `${topic.topic} has cleanup.policy "${found}"`,
      why: 'Kafka deletes the checkpoint of a relay that rests for as long as the retention: it halts with RELAY_CHECKPOINT_LOST.',
      fix: alterTopics(facts, [topic.topic], 'cleanup.policy=compact'),
    },
  ]
}
