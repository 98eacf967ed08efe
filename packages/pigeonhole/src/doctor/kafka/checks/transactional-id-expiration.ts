import { type Check, Unexamined } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { numberOf } from '../topics.js'

const setting = 'transactional.id.expiration.ms'
const hourMs = 3_600_000

export const transactionalIdExpiration: Check<KafkaFacts> = {
  name: 'transactional-id-expiration',
  about: `${setting} is an hour or more`,
  judge({ cluster }) {
    const found = cluster.brokers.flatMap((broker) => numberOf(broker, setting) ?? [])
    if (found.length === 0) return new Unexamined('the settings of brokers may not be looked at')
    const smallest = Math.min(...found)
    if (smallest >= hourMs) return []
    return [
      {
        severity: 'risk',
        is: `${setting} = ${smallest}`,
        why:
          'Kafka forgets the producer of a shard that has sent nothing for so long. Nothing is lost or sent twice, but the next ' +
          'message waits until the shard has opened again, after every such pause.',
        fix: `${setting}=604800000 on every broker: seven days, Kafka's default`,
      },
    ]
  },
}
