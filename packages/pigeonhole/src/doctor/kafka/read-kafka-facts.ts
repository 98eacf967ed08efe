import { checkpointTopicOf, inspectCluster, transactionalIdOf } from '@pigeonhole/kafkajs'
import type { Kafka } from 'kafkajs'
import type { OutboxFacts } from '../postgres/postgres-facts.js'
import {
  type KafkaFacts,
  offsetLog,
  type PublisherDemands,
  type TopicUse,
  transactionLog,
} from './kafka-facts.js'

/** What is asked of a cluster. */
export interface KafkaQuestion {
  readonly kafka: Kafka
  readonly bootstrap: readonly string[]
  /** Who we are, as ACLs name it. */
  readonly principal: string
  readonly outbox: OutboxFacts | undefined
  /** Topics that are published to besides those that the outbox names now. */
  readonly topics: readonly string[]
  readonly relay: PublisherDemands
  readonly idRetentionMs: number
}

/** Reads all that is judged. Rejects where no broker can be reached. */
export async function readKafkaFacts(question: KafkaQuestion): Promise<KafkaFacts> {
  const { kafka, outbox, relay, principal, idRetentionMs } = question
  const uses = usesOf(question)
  const { name } = relay
  const shards = Array.from({ length: relay.shards }, (_, shard) => shard)
  const transactionalIds = name === undefined ? [] : shards.map((shard) => transactionalIdOf(name, shard))
  const cluster = await inspectCluster(kafka, { topics: [...uses.keys()], transactionalIds })
  // In our order: a broker answers in its own.
  const topics = [...uses].flatMap(([topic, its]) =>
    cluster.topics.filter((it) => it.topic === topic).map((it) => ({ ...it, uses: its })),
  )
  const bootstrap = question.bootstrap.join(',')
  return { cluster, topics, outbox, relay, idRetentionMs, principal, bootstrap }
}

function usesOf({ outbox, topics, relay: { name } }: KafkaQuestion): Map<string, Set<TopicUse>> {
  const uses = new Map<string, Set<TopicUse>>()
  const use = (topic: string, as: TopicUse): void =>
    void uses.set(topic, (uses.get(topic) ?? new Set()).add(as))
  if (name !== undefined) use(checkpointTopicOf(name), 'checkpoint')
  for (const topic of [...topics, ...(outbox?.topics ?? [])]) use(topic, 'outbox')
  for (const { topic } of outbox?.inboxes ?? []) use(topic, 'inbox')
  for (const topic of [transactionLog, offsetLog]) use(topic, 'internal')
  return uses
}
