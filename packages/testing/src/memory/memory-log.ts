import { randomUUID } from 'node:crypto'
import { type Delivery, murmur2, topic as topicNamed } from '@pigeonhole/core'

/** A record that is committed, as a consumer is given it. */
export type MemoryRecord = Delivery & {
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: Date
}

/** A record that is about to be appended: its partition follows from its key where it names none. */
export type NewRecord = Pick<Delivery, 'topic' | 'key' | 'value' | 'headers'> & {
  readonly partition?: number
}

interface Partition {
  readonly records: MemoryRecord[]
  end: bigint
}

/**
 * Kafka's topics in this process: partitions of committed records. Offsets have gaps, as behind the markers of
 * transactions.
 */
export class MemoryLog {
  readonly clusterId: string = randomUUID()
  readonly #topics = new Map<string, Partition[]>()

  /** Harmless where the topic has as many partitions already; adds those that it lacks. @throws TOPIC_NAME_INVALID */
  createTopic(topic: string, partitions = 1): void {
    const { name } = topicNamed(topic)
    const known = this.#topics.get(name) ?? []
    while (known.length < partitions) known.push({ records: [], end: 0n })
    this.#topics.set(name, known)
  }

  /** 0 where the topic does not exist. */
  partitionsOf(topic: string): number {
    return this.#topics.get(topic)?.length ?? 0
  }

  /** The records of a topic in the order of partition and offset. */
  recordsOf(topic: string): readonly MemoryRecord[] {
    return (this.#topics.get(topic) ?? []).flatMap(({ records }) => records)
  }

  /** Where a record of a topic that exists belongs, as Kafka's Java client chooses it. `id` stands in for a null key. */
  placeOf({ topic, key, partition }: Pick<NewRecord, 'topic' | 'key' | 'partition'>, id: string): number {
    const count = this.partitionsOf(topic)
    return partition ?? (murmur2(key ?? Buffer.from(id)) & 0x7fffffff) % count
  }

  /** Appends the records of one transaction, in their order, and its markers. */
  commit(records: readonly (NewRecord & { readonly partition: number })[]): MemoryRecord[] {
    const touched = new Set<Partition>()
    const appended = records.map((record) => {
      const partition = this.#partition(record)
      touched.add(partition)
      const placed = { ...record, offset: partition.end, timestamp: new Date() }
      partition.records.push(placed)
      partition.end += 1n
      return placed
    })
    for (const partition of touched) partition.end += 1n
    return appended
  }

  #partition({ topic, partition }: { readonly topic: string; readonly partition: number }): Partition {
    const found = this.#topics.get(topic)?.[partition]
    if (!found) throw new RangeError(`Topic ${topic} has no partition ${partition}`)
    return found
  }
}
