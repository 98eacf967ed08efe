import { PigeonholeError } from '@pigeonhole/core'
import type { ConsumerCrashEvent } from 'kafkajs'
import type { Attempt } from '../publisher/broker-errors.js'
import type { ConsumerGroup } from './kafkajs-runner.js'

/** How kafkajs tells that a consumer has ended with an error. */
export type Crash = ConsumerCrashEvent['payload']

/**
 * Whether the user's own `restartOnFailure` keeps the consumer down. kafkajs itself gives up after errors that it does
 * not retry, some of which pass: a group coordinator that is not found while brokers come and go is one.
 */
export function isKeptDown({ error, restart }: Crash): boolean {
  return !restart && (error.name === 'KafkaJSNumberOfRetriesExceeded' || rootOf(error)['retriable'] === true)
}

/** In how many milliseconds kafkajs starts the consumer again by itself; undefined when it does not say. */
export function restartDelayOf({ error }: Crash): number | undefined {
  const { retryTime } = error as { readonly retryTime?: unknown }
  return typeof retryTime === 'number' ? retryTime : undefined
}

/** What a consumer does, and by which group. To which of its topics it was denied access, kafkajs does not say: all are named. */
export function attemptOf(
  { groupId: group, topicsSubscribed }: Pick<ConsumerGroup, 'groupId' | 'topicsSubscribed'>,
  doing: string,
): Attempt {
  return { doing, group, topic: topicsSubscribed.join(', ') }
}

/** What `stopped` rejects with. */
export function consumerCrashed({ error, groupId }: Crash): PigeonholeError<'CONSUMER_CRASHED'> {
  return new PigeonholeError('CONSUMER_CRASHED', {
    message:
      `The consumer of group ${groupId} has crashed, and restartOnFailure keeps it from starting again: ${error.message}. ` +
      'Nothing is lost; call runInbox with a new consumer',
    details: { groupId },
    cause: error,
  })
}

function rootOf(error: unknown): Readonly<Record<string, unknown>> {
  const layer = error as Readonly<Record<string, unknown>>
  return layer['cause'] ? rootOf(layer['cause']) : layer
}
