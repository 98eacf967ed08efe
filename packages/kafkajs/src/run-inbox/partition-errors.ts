import { PigeonholeError } from '@pigeonhole/core'
import type { PartitionPlace } from './run-inbox-events.js'

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

/** The error that holds a partition of a topic that is not the one which the inbox has handled. */
export function topicRecreated(
  { topic, partition }: PartitionPlace,
  ids: { readonly found: string; readonly known: string },
): PigeonholeError<'TOPIC_RECREATED'> {
  return new PigeonholeError('TOPIC_RECREATED', {
    message:
      `Topic ${topic} has the id ${ids.found} in Kafka, and the inbox has handled the one with the id ${ids.known}: it was ` +
      "deleted and created anew, or this is another cluster, and the inbox's offsets are not of this log. Nothing of the " +
      "topic is handled until its rows in inbox_position are deleted, to begin at the new log's start, or its row in " +
      'inbox_topic, to go on at the same offsets',
    details: { topic, partition, ...ids },
  })
}
