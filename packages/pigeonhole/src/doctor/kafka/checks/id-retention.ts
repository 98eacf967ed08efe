import { type Check, Inapplicable } from '../../check.js'
import type { Finding } from '../../finding.js'
import type { ExaminedTopic, KafkaFacts } from '../kafka-facts.js'
import { listed, numberOf, topicsOf, unlessHidden } from '../topics.js'

export const idRetention: Check<KafkaFacts> = {
  name: 'id-retention',
  about:
    'inboxes keep ids for longer than their topics keep messages (idRetentionMs, retention.ms and segment.ms)',
  judge(facts) {
    const topics = topicsOf(facts, 'inbox')
    if (topics.length === 0)
      return new Inapplicable('no topic is known that an inbox of this database handles')
    const longer = topics.filter((topic) => keptMs(topic) >= facts.idRetentionMs)
    return unlessHidden(longer.length > 0 ? [short(facts, longer)] : [], topics)
  },
}

// A segment is deleted when its newest message is old enough: its oldest one has waited for it to be closed besides.
function keptMs(topic: ExaminedTopic): number {
  if (!topic.settings) return 0
  const retentionMs = numberOf(topic, 'retention.ms') ?? 0
  const isDeleted = (topic.settings['cleanup.policy'] ?? 'delete').split(',').includes('delete')
  if (!isDeleted || retentionMs < 0) return Number.POSITIVE_INFINITY
  return retentionMs + (numberOf(topic, 'segment.ms') ?? 0)
}

function short({ outbox, idRetentionMs }: KafkaFacts, topics: readonly ExaminedTopic[]): Finding {
  const shown = topics.map((topic) => {
    const inboxes = outbox?.inboxes.filter((it) => it.topic === topic.topic).map(({ inbox }) => inbox) ?? []
    return `${topic.topic} (${inboxes.join(', ')}): ${durationOf(keptMs(topic))}`
  })
  return {
    severity: 'note',
    is: `messages stay in their topics for as long as inboxes keep ids, ${durationOf(idRetentionMs)}, or longer: ${listed(shown)}`,
    why:
      'Redeliveries are told by the position, however old. But a rewind that keeps ids is refused beyond them (IDS_FORGOTTEN), ' +
      'and what a producer sends again after that time takes effect again.',
    fix: "idRetentionMs of createInbox, above the topic's retention.ms + segment.ms; then --id-retention-ms here.",
  }
}

function durationOf(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'for ever'
  const days = ms / 86_400_000
  return days >= 1 ? `${Number(days.toFixed(1))} days` : `${Number((ms / 3_600_000).toFixed(1))} hours`
}
