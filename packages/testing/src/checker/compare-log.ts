import { compareOrder, groupBy, latecomers } from './disorder.js'
import { type Finding, Tally } from './finding.js'
import type { CommittedMessage, LoggedMessage } from './messages.js'

/** What the database says against what the log says. */
export interface LogFindings {
  /** Messages that must be in the log. */
  readonly committed: number
  /** Records that are in it. */
  readonly logged: number
  /** Committed, and not in the log. */
  readonly lost: Finding
  /** In the log, and never committed. */
  readonly invented: Finding
  /** In the log again: every record of a message but its first. */
  readonly duplicated: Finding
  /** In the log with another key or content than was committed. */
  readonly altered: Finding
  /** Behind a message of the same key that was committed later. Repeats do not count. */
  readonly outOfOrder: Finding
  /** Keys that are in more than one partition, where no order holds. */
  readonly scattered: Finding
}

/** A record of the log with the committed message that it stands for. */
interface Match {
  readonly record: LoggedMessage
  readonly message: CommittedMessage
}

/**
 * Compares what was committed with what the log holds. The order of the lists does not matter.
 * @throws RangeError when two committed messages of a topic have one id: nothing could be told of them.
 */
export function compareLog(
  committed: readonly CommittedMessage[],
  log: readonly LoggedMessage[],
): LogFindings {
  const expected = indexMessages(committed)
  const invented = new Tally()
  const duplicated = new Tally()
  const first = new Map<string, Match>()
  for (const record of [...log].sort(compareRecords)) {
    const id = idOf(record)
    const message = expected.get(id)
    if (!message) invented.add(describeRecord(record))
    else if (first.has(id)) duplicated.add(describeRecord(record))
    else first.set(id, { record, message })
  }
  const matches = [...first.values()]
  const lost = new Tally()
  for (const [id, message] of expected) if (!first.has(id)) lost.add(describeMessage(message))
  const counts = { committed: committed.length, logged: log.length }
  return { ...counts, lost, invented, duplicated, altered: findAltered(matches), ...findDisorder(matches) }
}

/** The messages by topic and id. @throws RangeError when two are the same. */
function indexMessages(messages: readonly CommittedMessage[]): Map<string, CommittedMessage> {
  const index = new Map(messages.map((message) => [idOf(message), message]))
  if (index.size === messages.length) return index
  throw new RangeError(
    `${messages.length - index.size} of ${messages.length} committed messages have the id of another of their topic: ` +
      'give each message an id of its own',
  )
}

function findAltered(matches: readonly Match[]): Finding {
  const altered = new Tally()
  for (const { record, message } of matches) {
    if (record.key !== message.key)
      altered.add(`${describeRecord(record)}, committed with key ${message.key}`)
    else if (
      record.content !== undefined &&
      message.content !== undefined &&
      record.content !== message.content
    ) {
      altered.add(`${describeRecord(record)}, with another content than was committed`)
    }
  }
  return altered
}

function findDisorder(matches: readonly Match[]): Pick<LogFindings, 'outOfOrder' | 'scattered'> {
  const outOfOrder = new Tally()
  const scattered = new Tally()
  const keyed = matches.filter(({ message }) => message.key !== null)
  for (const ofKey of groupBy(keyed, ({ message }) => `${message.topic}\0${message.key}`).values()) {
    const partitions = groupBy(ofKey, ({ record }) => String(record.partition))
    for (const inPartition of partitions.values()) {
      for (const { record } of latecomers(inPartition, ({ message }) => message.order))
        outOfOrder.add(describeRecord(record))
    }
    const { topic, key } = (ofKey[0] as Match).message
    if (partitions.size > 1)
      scattered.add(`${topic} key ${key}: partitions ${[...partitions.keys()].join(', ')}`)
  }
  return { outOfOrder, scattered }
}

function compareRecords(a: LoggedMessage, b: LoggedMessage): number {
  return a.partition - b.partition || compareOrder(a.offset, b.offset)
}

function idOf({ topic, id }: { readonly topic: string; readonly id: string }): string {
  return `${topic}\0${id}`
}

function describeMessage({ topic, id, key, order }: CommittedMessage): string {
  return `${topic} ${id} (key ${key}, order ${order})`
}

function describeRecord({ topic, id, key, partition, offset }: LoggedMessage): string {
  return `${topic} ${id} (key ${key}) at partition ${partition} offset ${offset}`
}
