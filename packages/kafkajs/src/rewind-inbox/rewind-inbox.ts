import { type InboxPosition, isPigeonholeError, PigeonholeError } from '@pigeonhole/core'
import type { Admin, Cluster, Kafka } from 'kafkajs'
import { clusterOf } from '../kafkajs-copy.js'
import { brokerError } from '../publisher/broker-errors.js'
import { correctReadCommitted } from '../read-committed/correct-read-committed.js'
import { passOverSilentBrokers } from '../silent-brokers/pass-over-silent-brokers.js'
import { assertNoMembers, inboxRunning } from './group-members.js'
import { PartitionLog } from './partition-log.js'
import {
  type PartitionRewind,
  type ResolvedRewindOptions,
  type RewindInboxOptions,
  resolveRewindOptions,
} from './rewind-options.js'

/** What became of a rewind. Offsets are those of the partition's log. */
export interface RewoundPartition extends PartitionRewind {
  /** How many messages the inbox has forgotten. */
  readonly forgotten: number
}

/** Most ids in one statement. */
const lot = 1_000

/**
 * Has an inbox handle again what it has handled: moves its positions back while its consumers are stopped. Resolves to the
 * partitions that have moved; to none where nothing lies behind, or where `confirm` said no. What was forgotten before an
 * error stays forgotten: run it again.
 * @throws INBOX_RUNNING while the group has members, or when a position moves meanwhile
 * @throws IDS_FORGOTTEN when ids are to be kept of messages whose ids the inbox may have forgotten for their age
 * @throws POSITION_NOT_IN_LOG, TOPIC_MISSING, OPTION_INVALID, BROKER_UNAVAILABLE, BROKER_ACCESS_DENIED, STORE_UNAVAILABLE
 */
export async function rewindInbox(kafka: Kafka, options: RewindInboxOptions): Promise<RewoundPartition[]> {
  const resolved = resolveRewindOptions(options)
  correctReadCommitted(kafka)
  passOverSilentBrokers(kafka)
  const rewind = new Rewind(kafka.admin(), clusterOf(kafka), resolved)
  try {
    const partitions = await rewind.plan()
    // What this throws is the caller's own.
    if (partitions.length === 0 || !(await resolved.confirm(partitions))) return []
    return await rewind.carryOut(partitions)
  } finally {
    await rewind.end()
  }
}

class Rewind {
  readonly #admin: Admin
  readonly #cluster: Cluster
  readonly #options: ResolvedRewindOptions

  constructor(admin: Admin, cluster: Cluster, options: ResolvedRewindOptions) {
    this.#admin = admin
    this.#cluster = cluster
    this.#options = options
  }

  /** The partitions that would move. */
  plan(): Promise<PartitionRewind[]> {
    const { groupId, topic } = this.#options
    return this.#asking(async () => {
      await this.#admin.connect()
      await this.#cluster.connect()
      await assertNoMembers(this.#admin, groupId)
      // Before Kafka is asked of the topic: of one whose name is misspelt it says less.
      const positions = await this.#positions()
      await this.#cluster.addTargetTopic(topic)
      const moving = (await this.#locate(positions)).filter(({ from, to }) => to < from)
      await this.#assertIdsKept(moving)
      return moving
    })
  }

  carryOut(partitions: readonly PartitionRewind[]): Promise<RewoundPartition[]> {
    const { groupId } = this.#options
    return this.#asking(async () => {
      await assertNoMembers(this.#admin, groupId)
      const rewound: RewoundPartition[] = []
      for (const partition of partitions)
        rewound.push({ ...partition, forgotten: await this.#rewind(partition) })
      // One that has joined meanwhile may have begun where the position stood.
      await assertNoMembers(this.#admin, groupId)
      return rewound
    })
  }

  /** Never rejects. */
  async end(): Promise<void> {
    await this.#cluster.disconnect().catch(() => undefined)
    await this.#admin.disconnect().catch(() => undefined)
  }

  async #asking<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work()
    } catch (error) {
      if (isPigeonholeError(error)) throw error
      throw brokerError(error, { doing: 'rewinding an inbox', topic: this.#options.topic })
    }
  }

  async #positions(): Promise<readonly InboxPosition[]> {
    const { store, inbox, topic, partition } = this.#options
    const positions = (await store.listPositions()).filter(
      (one) => one.inbox === inbox && one.topic === topic && one.partition === (partition ?? one.partition),
    )
    if (positions.length === 0) throw noPosition(this.#options)
    return positions
  }

  async #locate(positions: readonly InboxPosition[]): Promise<PartitionRewind[]> {
    const { to } = this.#options
    const plan: PartitionRewind[] = []
    for (const { partition: number, nextOffset } of positions)
      plan.push(await this.#log(number).locate(to, nextOffset))
    return plan
  }

  async #assertIdsKept(partitions: readonly PartitionRewind[]): Promise<void> {
    const { store, inbox, ids } = this.#options
    const forgottenUntil = ids === 'keep' ? await store.forgottenUntil(inbox) : null
    if (forgottenUntil === null) return
    for (const rewind of partitions) await this.#log(rewind.partition).assertIdsKept(rewind, forgottenUntil)
  }

  // The position moves last: where something fails before that, nothing is replayed, and the next try does all of it.
  async #rewind(rewind: PartitionRewind): Promise<number> {
    const { store, inbox, topic, groupId, ids } = this.#options
    const forgotten = ids === 'forget' ? await this.#forget(rewind) : 0
    const { partition, from, to } = rewind
    if (await store.rewindPosition({ inbox, topic, partition, from, to })) return forgotten
    throw inboxRunning(groupId, `and partition ${partition} of topic ${topic} has moved from offset ${from}`)
  }

  async #forget(rewind: PartitionRewind): Promise<number> {
    const { store, inbox, messageId } = this.#options
    let forgotten = 0
    let ids: { readonly scope: string; readonly id: string }[] = []
    for await (const id of this.#log(rewind.partition).ids(rewind, messageId)) {
      if (ids.push(id) < lot) continue
      forgotten += await store.forgetMessages(inbox, ids)
      ids = []
    }
    return forgotten + (await store.forgetMessages(inbox, ids))
  }

  #log(partition: number): PartitionLog {
    return new PartitionLog(this.#cluster, this.#options.topic, partition)
  }
}

function noPosition({ inbox, topic, partition }: ResolvedRewindOptions): PigeonholeError<'OPTION_INVALID'> {
  const where = partition === undefined ? `topic ${topic}` : `topic ${topic}, partition ${partition}`
  return new PigeonholeError('OPTION_INVALID', {
    message: `Inbox ${inbox} has no position in ${where}: see pigeonhole inbox positions`,
    details: { option: 'inbox' },
  })
}
