import { isTimeout, noteSilence } from '../silent-brokers/silent-brokers.js'
import type { Runner } from './kafkajs-runner.js'

/**
 * Has the consumer of `runner` start again, with connections of its own, as soon as one request of it was not answered in time. kafkajs
 * 2.2.4 asks again on the connection that is silent, six times by default, for its `requestTimeout` each: three minutes in which it neither
 * consumes nor says so, while the partition has another leader long since.
 */
export function restartAfterSilence(runner: Runner): void {
  const { consumerGroup } = runner
  const recover = consumerGroup.recoverFromFetch
  const heartbeat = runner.heartbeat
  consumerGroup.recoverFromFetch = async (error) => {
    if (isTimeout(error)) throw given(error)
    await recover.call(consumerGroup, error)
  }
  runner.heartbeat = async () => {
    try {
      await heartbeat.call(runner)
    } catch (error) {
      throw isTimeout(error) ? given(error) : error
    }
  }
}

// Not to be retried here. What the user's restartOnFailure is asked about is the cause.
function given(cause: Error): Error {
  noteSilence(cause)
  const message = `A broker does not answer, the consumer starts again: ${cause.message}`
  return Object.assign(new Error(message, { cause }), { retriable: false })
}
