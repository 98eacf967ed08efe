import { type Check, Unexamined } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { numberOf } from '../topics.js'

const setting = 'transaction.max.timeout.ms'

export const transactionTimeout: Check<KafkaFacts> = {
  name: 'transaction-timeout',
  about: `${setting} of the brokers allows the relay's transaction timeout`,
  judge({ cluster, relay: { transactionTimeoutMs } }) {
    const most = cluster.brokers.flatMap((broker) => numberOf(broker, setting) ?? [])
    if (most.length === 0) return new Unexamined('the settings of brokers may not be looked at')
    const smallest = Math.min(...most)
    if (transactionTimeoutMs <= smallest) return []
    return [
      {
        severity: 'broken',
        is: `${setting} = ${smallest}, and the relay's transaction timeout is ${transactionTimeoutMs}`,
        why: 'Brokers refuse its producer: no shard opens.',
        fix: `--transaction-timeout-ms ${smallest}; or ${setting}=${transactionTimeoutMs} on every broker`,
      },
    ]
  },
}
