import type { ClusterInspection, InspectedTopic } from '@pigeonhole/kafkajs'
import type { OutboxFacts } from '../postgres/postgres-facts.js'

/** All that is read of a Kafka cluster before anything is judged. */
export interface KafkaFacts {
  readonly cluster: ClusterInspection
  readonly topics: readonly ExaminedTopic[]
  /** What the database says; undefined where it was not given, or cannot be read. */
  readonly outbox: OutboxFacts | undefined
  readonly relay: PublisherDemands
  /** How long inboxes keep ids, in milliseconds. */
  readonly idRetentionMs: number
  /** Who asks, as ACLs name it. */
  readonly principal: string
  readonly bootstrap: string
}

/** What a topic is to Pigeonhole. `internal`: one of Kafka's own, on which transactions rest. */
export type TopicUse = 'checkpoint' | 'outbox' | 'inbox' | 'internal'

/** A topic that matters here. */
export interface ExaminedTopic extends InspectedTopic {
  readonly uses: ReadonlySet<TopicUse>
}

/** What a relay is going to be run with. */
export interface PublisherDemands {
  /** Undefined: neither told nor recorded. Then there is no checkpoint topic to look at. */
  readonly name: string | undefined
  /** Those of the map, or where there is none yet, those that it is to get. */
  readonly shards: number
  readonly transactionTimeoutMs: number
  readonly maxRequestBytes: number
}

/** Where Kafka keeps what became of transactions. */
export const transactionLog = '__transaction_state'

/** Where Kafka keeps how far consumer groups have come. */
export const offsetLog = '__consumer_offsets'
