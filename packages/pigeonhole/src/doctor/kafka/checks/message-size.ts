import type { Check } from '../../check.js'
import type { KafkaFacts } from '../kafka-facts.js'
import { alterTopics, listed, numberOf, topicsOf, unlessHidden } from '../topics.js'

const setting = 'max.message.bytes'

export const messageSize: Check<KafkaFacts> = {
  name: 'message-size',
  about:
    "the outbox's topics take the relay's requests (max.message.bytes, message.max.bytes, maxRequestBytes)",
  judge(facts) {
    const { maxRequestBytes } = facts.relay
    const topics = topicsOf(facts, 'outbox')
    const small = topics.filter((topic) => (numberOf(topic, setting) ?? maxRequestBytes) < maxRequestBytes)
    if (small.length === 0) return unlessHidden([], topics)
    const names = small.map(({ topic }) => topic)
    const smallest = Math.min(...small.map((topic) => numberOf(topic, setting) ?? 0))
    return [
      {
        severity: 'risk',
        is: `${setting} is ${smallest}, less than the ${maxRequestBytes} bytes of a request of the relay: ${listed(names)}`,
        why:
          'Kafka refuses batches that are larger: the relay halves them and opens anew for each half, which is slow, and parks a ' +
          'message that is too large by itself, with all behind it on its key.',
        fix: `--max-request-bytes ${smallest}, and maxMessageBytes of createOutbox below it; or:\n${alterTopics(facts, names, `${setting}=${maxRequestBytes}`)}`,
      },
    ]
  },
}
