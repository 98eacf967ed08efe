import {
  type Delivery,
  type MessageId,
  type MessageIdResolver,
  PigeonholeError,
  resolveMessageId,
} from '@pigeonhole/core'
import type { Cluster, KafkaMessage } from 'kafkajs'
import { Deadline } from '../publisher/deadline.js'
import { LogPartition } from '../publisher/log-partition.js'
import { deliveryOf } from '../run-inbox/delivery-of.js'
import type { PartitionRewind, RewindTarget } from './rewind-options.js'

// A transaction that is open ends by its own timeout: a minute by default.
const settleMs = 90_000

/** The log of one partition that an inbox is to read again. */
export class PartitionLog {
  readonly #topic: string
  readonly #partition: number
  readonly #log: LogPartition

  constructor(cluster: Cluster, topic: string, partition: number) {
    this.#topic = topic
    this.#partition = partition
    this.#log = new LogPartition(cluster, topic, partition)
  }

  /**
   * Where the partition goes back to from `from`.
   * @throws POSITION_NOT_IN_LOG, OPTION_INVALID
   */
  async locate(target: RewindTarget, from: bigint): Promise<PartitionRewind> {
    const to = await this.#find(target, from)
    if (to > from) throw this.#forwards(from, to)
    return { partition: this.#partition, from, to }
  }

  /**
   * Holds a rewind that counts on ids to those that are still known: what was received before `forgottenUntil` was written before.
   * @throws IDS_FORGOTTEN
   */
  async assertIdsKept({ from, to }: PartitionRewind, forgottenUntil: Date): Promise<void> {
    const since = (await this.#log.offsetSince(forgottenUntil.getTime())) ?? from
    const offset = since < from ? since : from
    if (to < offset) throw this.#idsForgotten(offset, forgottenUntil)
  }

  /** The ids that the inbox may know of the committed messages between `to` and `from`. */
  async *ids({ from, to }: PartitionRewind, resolver: MessageIdResolver): AsyncGenerator<MessageId> {
    const end = await this.#log.settledEnd(new Deadline(settleMs))
    for await (const record of this.#log.records(to, from < end ? from : end)) {
      if (record.isControlRecord) continue
      const id = resolveMessageId(resolver, this.#delivery(record as unknown as KafkaMessage))
      if (id) yield id
    }
  }

  #delivery(record: KafkaMessage): Delivery {
    return deliveryOf({ topic: this.#topic, partition: this.#partition }, record)
  }

  async #find(target: RewindTarget, from: bigint): Promise<bigint> {
    const first = await this.#log.firstOffset()
    if (target === 'earliest') return first < from ? first : from
    if ('time' in target) {
      const found = await this.#log.offsetSince(target.time.getTime())
      return found !== undefined && found < from ? found : from
    }
    if (target.offset >= first) return target.offset
    throw new PigeonholeError('POSITION_NOT_IN_LOG', {
      message:
        `Partition ${this.#partition} of topic ${this.#topic} begins at offset ${first}: what came before it is no longer ` +
        `in the log, and ${target.offset} cannot be replayed`,
      details: {
        topic: this.#topic,
        partition: this.#partition,
        nextOffset: String(target.offset),
        offered: String(first),
      },
    })
  }

  #idsForgotten(offset: bigint, forgottenUntil: Date): PigeonholeError<'IDS_FORGOTTEN'> {
    const until = forgottenUntil.toISOString()
    return new PigeonholeError('IDS_FORGOTTEN', {
      message:
        `The inbox has forgotten the ids of what it had received up to ${until}: messages of partition ${this.#partition} of ` +
        `topic ${this.#topic} before offset ${offset} would take effect again although their ids are to be kept. Rewind to that ` +
        'offset or behind it, or have the ids forgotten, so that all that is replayed takes effect again',
      details: {
        topic: this.#topic,
        partition: this.#partition,
        forgottenUntil: until,
        offset: String(offset),
      },
    })
  }

  #forwards(from: bigint, to: bigint): PigeonholeError<'OPTION_INVALID'> {
    return new PigeonholeError('OPTION_INVALID', {
      message:
        `The inbox goes on at offset ${from} of topic ${this.#topic}, partition ${this.#partition}: offset ${to} lies ahead, ` +
        'and the messages up to it would never be handled. A rewind goes back only',
      details: { option: 'to' },
    })
  }
}
