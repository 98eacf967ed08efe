import { type Inbox, PigeonholeError } from '@pigeonhole/core'
import type { PartitionPlace } from './run-inbox-events.js'
import type { TopicRetention } from './topic-retention.js'

/** Why a handler's signal aborts when its partition is no longer this consumer's. */
export function partitionLost(
  { topic, partition }: PartitionPlace,
  cause?: unknown,
): PigeonholeError<'PARTITION_LOST'> {
  return new PigeonholeError('PARTITION_LOST', {
    message: `Partition ${partition} of topic ${topic} is no longer this consumer's: another one goes on with it`,
    details: { topic, partition },
    cause,
  })
}

/** Why a message is parked at which process after process has died. */
export function messageKillsProcess(
  { topic, partition }: PartitionPlace,
  offset: string,
  starts: number,
): PigeonholeError<'MESSAGE_KILLS_PROCESS'> {
  return new PigeonholeError('MESSAGE_KILLS_PROCESS', {
    message:
      `The handler of the message at offset ${offset} of topic ${topic}, partition ${partition}, was started ${starts} times, ` +
      'while nothing else ran, and none of its processes has lived to see an end of it',
    details: { topic, partition, offset, starts },
  })
}

/** The error that holds a partition whose position Kafka cannot serve. */
export function positionNotInLog(
  { topic, partition }: PartitionPlace,
  { next, offered }: { readonly next: bigint | undefined; readonly offered: string },
): PigeonholeError<'POSITION_NOT_IN_LOG'> {
  const nextOffset = String(next)
  return new PigeonholeError('POSITION_NOT_IN_LOG', {
    message:
      `The inbox goes on at offset ${nextOffset} of topic ${topic}, partition ${partition}, but Kafka offers ${offered} ` +
      'instead: the topic was created anew, or retention has deleted messages before they were handled. Nothing of the ' +
      'partition is handled until its row in inbox_position says where to go on',
    details: { topic, partition, nextOffset, offered },
  })
}

/** The error that holds a partition of which the inbox has handled messages, and whose position is not in the database. */
export function positionLost(
  { topic, partition }: PartitionPlace,
  committed: bigint | undefined,
): PigeonholeError<'POSITION_LOST'> {
  const upTo = committed === undefined ? 'messages' : `messages up to offset ${committed}`
  return new PigeonholeError('POSITION_LOST', {
    message:
      `The inbox has handled ${upTo} of topic ${topic}, partition ${partition}, and the database has no position of it there: it was ` +
      'restored to a time before the first of them, or the row was deleted. To go on at an offset, insert its row into ' +
      "inbox_position with that next_offset; or stop the consumers and set the group's offset by Kafka's own tools",
    details: { topic, partition, committed: committed === undefined ? null : String(committed) },
  })
}

/** The error that holds a partition of a topic that is not the one which the inbox has handled. */
export function topicRecreated(
  { topic, partition }: PartitionPlace,
  ids: { readonly found: string; readonly known: string },
): PigeonholeError<'TOPIC_RECREATED'> {
  return new PigeonholeError('TOPIC_RECREATED', {
    message:
      `Topic ${topic} has the id ${ids.found} in Kafka, and the inbox has handled the one with the id ${ids.known}: it was ` +
      "deleted and created anew, or this is another cluster, and the inbox's offsets are not of this log. Nothing of the " +
      "topic is handled until, with its consumers stopped, its rows in inbox_position are deleted, to begin at the new log's " +
      'start, or its row in inbox_topic, to go on at the same offsets',
    details: { topic, partition, ...ids },
  })
}

/** What is told where a topic keeps messages for longer than an inbox keeps their ids. */
export function idRetentionShort(
  { name, keepsPositions, idRetentionMs }: Pick<Inbox<never>, 'name' | 'keepsPositions' | 'idRetentionMs'>,
  { topic, keptMs, cleanupPolicy }: TopicRetention,
): PigeonholeError<'ID_RETENTION_SHORT'> {
  const isForEver = keptMs === Number.POSITIVE_INFINITY
  const kept = isForEver ? `for ever (cleanup.policy ${cleanupPolicy})` : `for up to ${keptMs} ms`
  const meaning = keepsPositions
    ? 'redeliveries are known by their position, but what a producer repeats later than that takes effect again'
    : 'ids are kept for as long as the topic keeps messages, since nothing else tells a redelivery'
  const remedy = isForEver ? 'Infinity' : `more than ${keptMs}`
  return new PigeonholeError('ID_RETENTION_SHORT', {
    message:
      `Inbox ${name} keeps ids for ${idRetentionMs} ms (idRetentionMs), and topic ${topic} keeps messages ${kept}: ${meaning}. ` +
      `Set idRetentionMs to ${remedy}, or have the topic keep its messages for a shorter time (retention.ms, segment.ms)`,
    details: { topic, idRetentionMs, topicRetentionMs: isForEver ? null : keptMs },
  })
}
