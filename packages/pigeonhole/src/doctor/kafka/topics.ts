import { Inapplicable, Unexamined, type Verdict } from '../check.js'
import type { Finding } from '../finding.js'
import type { ExaminedTopic, KafkaFacts, TopicUse } from './kafka-facts.js'

/** The topics of some use that are there. */
export function topicsOf({ topics }: KafkaFacts, ...uses: readonly TopicUse[]): ExaminedTopic[] {
  return topics.filter(({ state, uses: own }) => state === 'there' && uses.some((use) => own.has(use)))
}

/** How many replicas the partition with the fewest has. */
export function replicasOf({ partitions }: ExaminedTopic): number {
  return Math.min(...partitions.map(({ replicas }) => replicas.length))
}

/** A setting that is a number; undefined where it cannot be read. */
export function numberOf({ settings }: Pick<ExaminedTopic, 'settings'>, name: string): number | undefined {
  const value = settings?.[name]
  return value === undefined || value === null ? undefined : Number(value)
}

/** Names for a sentence: all of them, or the first few. */
export function listed(names: readonly string[], most = 5): string {
  if (names.length <= most) return names.join(', ')
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`
}

/** What was found; where nothing was, and settings could not be read, that. */
export function unlessHidden(findings: readonly Finding[], topics: readonly ExaminedTopic[]): Verdict {
  if (topics.length === 0) return noTopics
  const hidden = topics.filter(({ settings }) => settings === undefined).map(({ topic }) => topic)
  if (findings.length > 0 || hidden.length === 0) return findings
  return new Unexamined(`the settings of ${listed(hidden)} may not be looked at`)
}

/** The command that changes a setting of topics, a line for each. */
export function alterTopics({ bootstrap }: KafkaFacts, topics: readonly string[], setting: string): string {
  return topics
    .map(
      (topic) =>
        `kafka-configs.sh --bootstrap-server ${bootstrap} --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`,
    )
    .join('\n')
}

/** What one broker more or less costs is told once, of the cluster. */
export function isSingle({ cluster }: KafkaFacts): boolean {
  return cluster.brokers.length === 1
}

/** What is said where the cluster is one broker. */
export const oneBroker: Inapplicable = new Inapplicable('the cluster is one broker')

/** What is said where there is no topic to look at. */
export const noTopics: Inapplicable = new Inapplicable(
  'no topic is known that is there: --topics names those that are published to',
)
