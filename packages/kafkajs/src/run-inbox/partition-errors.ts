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
