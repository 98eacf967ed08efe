import type { Check } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { ExaminedTopic, KafkaFacts } from '../kafka-facts.js'
import {
  alterTopics,
  isSingle,
  listed,
  numberOf,
  oneBroker,
  replicasOf,
  topicsOf,
  unlessHidden,
} from '../topics.js'

const setting = 'min.insync.replicas'

export const minInsync: Check<KafkaFacts> = {
  name: 'min-insync',
  about: `${setting} is 2, of the outbox's topics and the checkpoint topic, and so many replicas are in sync`,
  judge(facts) {
    const topics = topicsOf(facts, 'outbox', 'checkpoint')
    const low = isSingle(facts)
      ? []
      : topics.filter((topic) => replicasOf(topic) > 1 && (numberOf(topic, setting) ?? 2) < 2)
    const blocked = topics.filter(isBlocked)
    const findings = [
      ...(low.length > 0 ? [tooLow(facts, low)] : []),
      ...(blocked.length > 0 ? [notWritable(blocked)] : []),
    ]
    if (findings.length === 0 && isSingle(facts)) return oneBroker
    return unlessHidden(findings, topics)
  },
}

function isBlocked(topic: ExaminedTopic): boolean {
  const needed = numberOf(topic, setting) ?? 1
  return topic.partitions.some(({ inSync }) => inSync.length < needed)
}

function tooLow(facts: KafkaFacts, topics: readonly ExaminedTopic[]): Finding {
  const names = topics.map(({ topic }) => topic)
  return {
    severity: 'risk',
    is: `${setting} = 1: ${listed(names)}`,
    why: 'Exactly once in the log: while other replicas are behind, one broker alone acknowledges, and its disk has the only copy.',
    fix: alterTopics(facts, names, `${setting}=2`),
  }
}

function notWritable(topics: readonly ExaminedTopic[]): Finding {
  const shown = topics.map((topic) => {
    const inSync = Math.min(...topic.partitions.map((partition) => partition.inSync.length))
    return `${topic.topic} (${inSync} of ${replicasOf(topic)} replicas in sync, ${setting} ${numberOf(topic, setting)})`
  })
  return {
    severity: 'broken',
    is: `fewer replicas in sync than ${setting}: ${listed(shown)}`,
    why: 'Nothing can be written to these partitions now: the relay waits.',
    fix: 'Bring the brokers back that are away, or give the topic more replicas than that.',
  }
}
