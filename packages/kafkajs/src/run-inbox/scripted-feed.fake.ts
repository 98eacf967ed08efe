import type { CommittedOffset, Feed } from './group-feed.js'
import type { FetchedBatch } from './kafkajs-runner.js'
import type { PartitionPlace } from './run-inbox-events.js'

/** Notes what kafkajs is told, in order. */
export class ScriptedFeed implements Feed {
  readonly calls: string[] = []
  start = 0n
  /** Of the topic. */
  id: string | undefined

  async startingOffset(): Promise<bigint> {
    return this.start
  }

  /** What the group has committed. */
  committed: CommittedOffset | undefined

  async committedOffset(): Promise<CommittedOffset | undefined> {
    return this.committed
  }

  async logStart(): Promise<bigint> {
    return 0n
  }

  async topicId(): Promise<string | undefined> {
    return this.id
  }

  seek(_: PartitionPlace, offset: bigint): void {
    this.calls.push(`seek ${offset}`)
  }

  dropSeek(): void {
    this.calls.push('drop seek')
  }

  pause(): void {
    this.calls.push('pause')
  }

  resume(): void {
    this.calls.push('resume')
  }

  /** What has been called since the last time. */
  take(): string[] {
    return this.calls.splice(0)
  }
}

/** A batch that was fetched from `from` on. Offsets without a message are those of control records. */
export function batchOf(
  from: number,
  offsets: readonly number[],
  last: number = offsets.at(-1) ?? from,
): FetchedBatch {
  const messages = offsets.map((offset) => ({
    offset: String(offset),
    timestamp: '0',
    attributes: 0,
    key: null,
    value: Buffer.from(`m${offset}`),
    headers: {},
  }))
  return {
    topic: 'orders',
    partition: 0,
    fetchedOffset: String(from),
    messages,
    lastOffset: () => String(last),
    isEmpty: () => messages.length === 0,
    isEmptyDueToFiltering: () => messages.length === 0,
  }
}
