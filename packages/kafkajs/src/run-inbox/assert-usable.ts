import { PigeonholeError } from '@pigeonhole/core'
import type { Consumer } from 'kafkajs'
import { type Runner, readCommitted } from './kafkajs-runner.js'

/**
 * Holds what kafkajs's consumer has been told before, which it shows to nobody, to what an inbox needs.
 * @throws OPTION_INVALID, HANDLER_MISSING
 */
export function assertUsable({ consumerGroup }: Runner, handlers: ReadonlyMap<string, unknown>): void {
  if (consumerGroup.isolationLevel !== readCommitted) {
    throw new PigeonholeError('OPTION_INVALID', {
      message:
        'The consumer was created with readUncommitted: true, so that it would handle records of aborted transactions: ' +
        'leave that out',
      details: { option: 'readUncommitted' },
    })
  }
  const unhandled = consumerGroup.topicsSubscribed.find((topic) => !handlers.has(topic))
  if (unhandled === undefined) return
  throw new PigeonholeError('HANDLER_MISSING', {
    message:
      `The consumer is subscribed to topic ${unhandled}, which has no handler: subscribe it to nothing, runInbox does so, ` +
      'or add on(topic, handler)',
    details: { topic: unhandled },
  })
}

/**
 * Makes sure that nobody else has set `consumer` going: kafkajs would take its second run for a slip and say nothing.
 * @throws OPTION_INVALID
 */
export function assertIdle(consumer: Consumer): void {
  try {
    // Changes nothing, and throws while the consumer is not running.
    consumer.resume([])
  } catch {
    return
  }
  throw new PigeonholeError('OPTION_INVALID', {
    message: 'The consumer is running already: give runInbox one of its own, kafka.consumer({ groupId })',
    details: { option: 'consumer' },
  })
}
