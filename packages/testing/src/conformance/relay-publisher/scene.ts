import { randomUUID } from 'node:crypto'
import {
  type CapturedRow,
  type Checkpoint,
  messageIdHeader,
  type RelayPublisher,
  type ShardProducer,
} from '@pigeonhole/core'
import { expect } from 'vitest'
import type { LogRecord } from '../../checker/read-log.js'

/** A publisher to be held to its port, and a view of its log that owes nothing to it. */
export interface RelayPublisherSubject {
  readonly name: string
  /** A new publisher, as another process would have it. */
  open(): RelayPublisher
  createTopic(topic: string, partitions: number): Promise<void>
  /** The records of `topic` as a `read_committed` consumer finds them, by partition and offset. */
  readLog(topic: string): Promise<readonly LogRecord[]>
  /** A payload of so many bytes is more than the broker takes. */
  readonly tooManyBytes: number
}

/** What the cases of the suite work with. */
export interface Scene {
  readonly subject: RelayPublisherSubject
  /** A new publisher that the suite closes. */
  open(): RelayPublisher
}

/** Matches a coded error. */
export function ofCode(code: string, details: object = {}): unknown {
  return expect.objectContaining({ code, details: expect.objectContaining(details) })
}

/** Opens shard 0 as the engine does, up to its producer. */
export async function openShard(
  publisher: RelayPublisher,
  relay: string = newName(),
): Promise<{ readonly relay: string; readonly producer: ShardProducer }> {
  await publisher.connect(relay)
  if (!(await publisher.hasCheckpointTopic(relay, 1))) await createCheckpointTopic(publisher, relay)
  return { relay, producer: await publisher.fence(relay, 0) }
}

// Of a topic that was just made, a broker may not lead its partition yet: reading the checkpoint waits for that, and every
// opening of the engine's does so before it sends anything.
async function createCheckpointTopic(publisher: RelayPublisher, relay: string): Promise<void> {
  await publisher.createCheckpointTopic(relay, 1)
  const first = await publisher.fence(relay, 0)
  await first.readCheckpoint()
  await first.close()
}

/** The checkpoint of shard 0 as a new opening finds it. */
export async function readFrom(publisher: RelayPublisher, relay: string): Promise<Checkpoint | undefined> {
  const { producer } = await openShard(publisher, relay)
  return await producer.readCheckpoint()
}

/** Commits batches from 1 to `count` without rows. */
export async function commitBatches(producer: ShardProducer, count: number): Promise<Checkpoint[]> {
  const checkpoints = Array.from({ length: count }, (_, n) => ({ number: n + 1, token: randomUUID() }))
  for (const checkpoint of checkpoints) {
    await producer.begin(checkpoint)
    await producer.commit()
  }
  return checkpoints
}

/** Commits one batch and tells the ids of its rows. */
export async function publish(
  producer: ShardProducer,
  rows: readonly CapturedRow[],
  number = 1,
): Promise<string[]> {
  await producer.begin({ number, token: randomUUID() })
  await producer.send(rows)
  await producer.commit()
  return rows.map(({ id }) => id)
}

/** Creates a topic. */
export async function newTopic(subject: RelayPublisherSubject, partitions = 1): Promise<string> {
  const topic = newName()
  await subject.createTopic(topic, partitions)
  return topic
}

/** A name that nobody else has. */
export function newName(): string {
  return `conformance-${randomUUID()}`
}

/** A captured row with what matters to a case. */
export function row(given: Partial<CapturedRow> & Pick<CapturedRow, 'topic'>): CapturedRow {
  const key = bytes('key')
  const payload = bytes('payload')
  return { id: randomUUID(), key, partition: null, bucket: 0, headers: [], payload, seq: '1', ...given }
}

/** The ids that records carry. */
export function idsOf(records: readonly LogRecord[]): (string | undefined)[] {
  return records.map(({ headers }) => headers.find(([name]) => name === messageIdHeader)?.[1])
}

/** UTF-8. */
export function bytes(value: string): Uint8Array {
  return Buffer.from(value)
}

/** UTF-8. */
export function text(value: Uint8Array | null): string {
  return Buffer.from(value ?? []).toString()
}
