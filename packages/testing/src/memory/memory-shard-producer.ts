import { createHash } from 'node:crypto'
import {
  type CapturedRow,
  type Checkpoint,
  headerBytes,
  messageIdHeader,
  PigeonholeError,
  relayTopicPrefix,
  type ShardProducer,
} from '@pigeonhole/core'
import type { MemoryCluster } from './memory-cluster.js'
import type { NewRecord } from './memory-log.js'

/** Which producer this is. */
export interface ProducerIdentity {
  readonly relay: string
  readonly shard: number
  readonly epoch: number
}

type PlacedRecord = NewRecord & { readonly partition: number }

/** A shard's producer over a cluster in this process. What it sends is seen when it commits, and not before. */
export class MemoryShardProducer implements ShardProducer {
  readonly #cluster: MemoryCluster
  readonly #identity: ProducerIdentity
  #open: { readonly checkpoint: Checkpoint; readonly records: PlacedRecord[] } | undefined
  #isBroken = false

  constructor(cluster: MemoryCluster, identity: ProducerIdentity) {
    this.#cluster = cluster
    this.#identity = identity
  }

  readCheckpoint(): Promise<Checkpoint | undefined> {
    return this.#call(({ coordinator }, { relay, shard }) => {
      if (coordinator.checkpointPartitions(relay) !== undefined) return coordinator.checkpointOf(relay, shard)
      throw new PigeonholeError('CHECKPOINT_UNREADABLE', {
        message: `Shard ${shard} of relay ${relay} has no checkpoint topic`,
        details: { shard },
        retryable: true,
      })
    })
  }

  begin(checkpoint: Checkpoint): Promise<void> {
    return this.#call(() => {
      if (this.#open) throw new Error('A transaction is open')
      this.#open = { checkpoint, records: [] }
    })
  }

  send(rows: readonly CapturedRow[]): Promise<void> {
    return this.#call((cluster) => {
      const { records } = this.#transaction()
      for (const row of rows) records.push(place(cluster, row))
    })
  }

  commit(): Promise<void> {
    return this.#call(({ log, coordinator }, { relay, shard }) => {
      const { checkpoint, records } = this.#transaction()
      this.#open = undefined
      log.commit(records)
      coordinator.remember(relay, shard, checkpoint)
    })
  }

  // What is committed here is never lost, but for the whole of it.
  async isIntact(): Promise<boolean> {
    return this.#cluster.coordinator.checkpointPartitions(this.#identity.relay) !== undefined
  }

  async close(): Promise<void> {
    this.#isBroken = true
  }

  #transaction(): { readonly checkpoint: Checkpoint; readonly records: PlacedRecord[] } {
    if (!this.#open) throw new Error('No transaction is open')
    return this.#open
  }

  // After a rejection nothing is answered any more. A call takes effect later than it is made, as a request does.
  async #call<R>(effect: (cluster: MemoryCluster, identity: ProducerIdentity) => R): Promise<R> {
    await undefined
    if (this.#isBroken) throw new Error('The producer has failed, or is closed')
    const { relay, shard, epoch } = this.#identity
    try {
      this.#cluster.coordinator.assertOwner(relay, shard, epoch)
      return effect(this.#cluster, this.#identity)
    } catch (error) {
      this.#isBroken = true
      throw error
    }
  }
}

function place({ log, maxMessageBytes }: MemoryCluster, row: CapturedRow): PlacedRecord {
  const { topic, id, key, partition, payload: value } = row
  if (topic.startsWith(relayTopicPrefix))
    throw refused(row, 'its topic is one in which a relay keeps its checkpoints')
  const partitions = log.partitionsOf(topic)
  if (partitions === 0) {
    throw new PigeonholeError('TOPIC_MISSING', {
      message: `Topic ${topic} is not known to the cluster: create it`,
      details: { topic },
    })
  }
  if (partition !== null && partition >= partitions)
    throw refused(row, `partition ${partition} does not exist, the topic has ${partitions}`)
  const headers = row.headers.map((header) => [header[0], headerBytes(header)] as const)
  const record = { topic, key, value, headers: [[messageIdHeader, Buffer.from(id)] as const, ...headers] }
  if (sizeOf(record) > maxMessageBytes) throw refused(row, 'MESSAGE_TOO_LARGE')
  return { ...record, partition: partition ?? log.placeOf({ topic, key }, id) }
}

function sizeOf({ key, value, headers }: Omit<NewRecord, 'topic'>): number {
  const headerSizes = headers.map(([name, bytes]) => name.length + bytes.length)
  return headerSizes.reduce((a, b) => a + b, (key?.length ?? 0) + (value?.length ?? 0))
}

function refused({ topic, key }: CapturedRow, reason: string): PigeonholeError<'RECORD_REFUSED'> {
  const keyHash = key === null ? 'none' : createHash('sha256').update(key).digest('hex').slice(0, 16)
  return new PigeonholeError('RECORD_REFUSED', {
    message: `The broker refuses a record for topic ${topic} (key hash ${keyHash}): ${reason}`,
    details: { topic, keyHash, reason },
  })
}
